// Reads of rules, and what one would have done with what happened.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { Events, type StoredEvent } from '#src/platform/events/event.ts';
import { decodeCursor, encodeCursor, toPage, type Page, type pageQuery } from '#src/platform/http/cursor.ts';
import { Turns } from '#src/platform/turns.ts';
import { ruleProblems } from './automation.errors.ts';
import { Rules, Tallies, type StoredRule, type Tally } from './automation.model.ts';
import { compile, variablesOf, type CompiledRule } from './automation.policy.ts';
import { presentRule } from './automation.presenter.ts';
import { maxDry, type DryRun, type DryRunView, type RuleView } from './automation.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };
/** Of everything that happened, so many of the newest are searched for those of the type. */
const searched = 50_000;
/** How long a dry run may evaluate. */
const dryRunMs = 3_000;

/** A rule that was not removed, with its tally. Errors: `state-machine.rule-not-found`. */
export async function readRule(name: string): Promise<{ readonly rule: StoredRule; readonly tally: Tally | null }> {
  const [rule, tally] = await Promise.all([
    Rules.native().findOne({ _id: name, removedAt: null }, bounded),
    Tallies.native().findOne({ _id: name }, bounded),
  ]);
  if (!rule) {
    throw ruleProblems.notFound(`There is no rule ${name}`);
  }
  return { rule, tally };
}

/** Rules by name. */
export async function listRules({ limit, cursor }: z.output<typeof pageQuery>): Promise<Page<RuleView>> {
  const after = cursor === undefined ? '' : z.string().parse(decodeCursor('rules', cursor));
  const rows = await Rules.native()
    .find({ _id: { $gt: after }, removedAt: null }, { ...bounded, sort: { _id: 1 }, limit: limit + 1 })
    .toArray();
  const tallies = await Tallies.native()
    .find({ _id: { $in: rows.map(({ _id }) => _id) } }, bounded)
    .toArray();
  const present = (row: StoredRule): RuleView => presentRule(row, tallies.find(({ _id }) => _id === row._id) ?? null);
  return toPage(rows, limit, present, ({ _id }) => encodeCursor('rules', _id));
}

/**
 * What a rule would have done with the newest kept events of its type; nothing is written. Bounded in events and in time,
 * and others are answered in between. Errors: `request.invalid` for a rule that cannot be read.
 */
export async function dryRun({ rule, since, limit }: DryRun): Promise<DryRunView> {
  const compiled = compile(rule, '/body/rule');
  if (Array.isArray(compiled)) {
    throw problems.invalid(undefined, { errors: compiled });
  }
  const events = await Events.native()
    .aggregate<StoredEvent>(
      [
        { $sort: { _id: -1 } },
        { $limit: searched },
        { $match: { type: compiled.on, ...(since === undefined ? {} : { time: { $gte: new Date(since) } }) } },
        { $limit: limit + 1 },
      ],
      bounded,
    )
    .toArray();
  const seen = { looked: 0, matched: 0, failed: 0, data: [] as DryRunView['data'] };
  const turns = new Turns(dryRunMs);
  for (const event of events.slice(0, limit)) {
    if (!(await turns.next())) {
      break;
    }
    const { would, error } = tried(compiled, event);
    seen.looked += 1;
    seen.matched += would ? 1 : 0;
    seen.failed += error === null ? 0 : 1;
    if ((would ?? error) !== null && seen.data.length < maxDry.shown) {
      const { _id: id, type, subject, actor, time } = event;
      seen.data.push({ event: { id, type, subject, actor, time: time.toISOString() }, would, error });
    }
  }
  return { ...seen, complete: seen.looked === events.length };
}

function tried(rule: CompiledRule, event: StoredEvent): Pick<DryRunView['data'][number], 'would' | 'error'> {
  try {
    return { would: rule.ask(variablesOf(event)), error: null };
  } catch (error) {
    return { would: null, error: error instanceof Error ? error.message : String(error) };
  }
}
