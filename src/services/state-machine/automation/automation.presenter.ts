// Rules as they are sent.
import type { StoredRule, Tally } from './automation.model.ts';
import type { RuleShape, RuleView } from './automation.schema.ts';

const blank: Pick<Tally, 'matched' | 'failed' | 'stopped'> & Partial<Tally> = { matched: 0, failed: 0, stopped: 0 };

/** A rule with about what it came to; a tally of an earlier rule of the name is none. */
export function presentRule(rule: StoredRule, tally: Tally | null): RuleView {
  const { _id: name, source, enabled, savedBy, createdAt, updatedAt } = rule;
  const mine = tally?.of.getTime() === createdAt.getTime() ? tally : blank;
  const { matched, failed, stopped, lastMatchedAt, lastFailedAt, lastError = null } = mine;
  return {
    name,
    ...(JSON.parse(source) as RuleShape),
    enabled,
    matched,
    failed,
    stopped,
    lastMatchedAt: lastMatchedAt?.toISOString() ?? null,
    lastFailedAt: lastFailedAt?.toISOString() ?? null,
    lastError,
    savedBy,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
