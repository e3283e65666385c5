// Where a machine stands, as SCXML cases say it.
import type { StateValue } from '#src/platform/machines/step.ts';

/** The innermost states of a value. */
export function innermost(value: StateValue): string[] {
  return typeof value === 'string'
    ? [value]
    : Object.entries(value).flatMap(([region, inner]) =>
        typeof inner === 'object' && Object.keys(inner).length === 0 ? [region] : innermost(inner),
      );
}
