// What a machine is waited for: pure.
import type { MachineInstance } from '#src/platform/machines/store.ts';

/** `yes`, `not-yet`, or `never`: it has come to its end without it. */
export function reached(
  { status, marks }: Pick<MachineInstance, 'status' | 'marks'>,
  wanted: string,
): 'yes' | 'not-yet' | 'never' {
  const mark = wanted.startsWith('tag:') ? `#${wanted.slice('tag:'.length)}` : wanted.slice('state:'.length);
  if (wanted === 'done' ? status === 'done' : marks.includes(mark)) {
    return 'yes';
  }
  return status === 'active' ? 'not-yet' : 'never';
}
