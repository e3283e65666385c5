// The rules this process knows, and the reactor that asks them. What is known is at most `ruleFreshMs` old whenever rows
// are decided; the head's stamp says whether it still holds, so that an unchanged set costs one small read each time.
import { LRUCache } from 'lru-cache';
import type { StoredEvent } from '#src/platform/events/event.ts';
import type { Reactor, ReactorDraft } from '#src/platform/events/reactor.ts';
import { groupBy } from '#src/platform/group-by.ts';
import { logFor } from '#src/platform/log.ts';
import { onAccount, type CelVariables } from '#src/platform/rules/cel.ts';
import { Heads, Rules, rulesHead, Tallies, type StoredRule } from './automation.model.ts';
import { compile, decisionSteps, draftOf, shareEach, variablesOf, type CompiledRule } from './automation.policy.ts';
import { maxRules, type RuleShape, type Would } from './automation.schema.ts';

const log = logFor('automation');

/** How old what a process knows of rules may be where it decides, in milliseconds. */
export const ruleFreshMs = 250;
/** How long counts are gathered before they are written. */
const tallyMs = 500;

interface ReadyRule extends CompiledRule {
  readonly name: string;
  readonly of: Date;
}

type Counted = 'matched' | 'failed' | 'stopped';

interface Counts {
  readonly of: Date;
  matched: number;
  failed: number;
  stopped: number;
  at: Partial<Record<Counted, Date>>;
  error?: string;
}

/** What rules came to, gathered and added to their tallies: a process that dies takes the last half second with it. */
class Tallying {
  #counts = new Map<string, Counts>();
  /** A decision may be made again after a fault: what it counted then counts once. */
  readonly #seen = new LRUCache<string, true>({ max: 10_000 });

  count({ name, of }: Pick<ReadyRule, 'name' | 'of'>, event: StoredEvent, what: Counted, error?: string): void {
    const once = `${name}|${event._id}`;
    if (this.#seen.has(once)) {
      return;
    }
    this.#seen.set(once, true);
    const counts = this.#counts.get(name) ?? { of, matched: 0, failed: 0, stopped: 0, at: {} };
    counts[what] += 1;
    counts.at[what] = event.time;
    if (error !== undefined) {
      counts.error = error.slice(0, 500);
    }
    if (this.#counts.size === 0) {
      setTimeout(() => void this.#write(), tallyMs).unref();
    }
    this.#counts.set(name, counts);
  }

  async #write(): Promise<void> {
    const counts = this.#counts;
    this.#counts = new Map();
    const operations = [...counts].map(([name, each]) => ({
      updateOne: { filter: { _id: name }, update: additionOf(name, each), upsert: true },
    }));
    try {
      await Tallies.native().bulkWrite(operations, { ordered: false });
    } catch (error) {
      log.warn({ rules: counts.size, reason: String(error) }, 'What rules came to could not be counted');
    }
  }
}

/** Adds counts to the tally of the same rule; one of an earlier rule of the name is begun anew. */
function additionOf(name: string, { of, matched, failed, stopped, at, error }: Counts) {
  const blank = { _id: name, of, matched: 0, failed: 0, stopped: 0 };
  return [
    { $replaceWith: { $cond: [{ $eq: ['$of', of] }, '$$ROOT', blank] } },
    {
      $set: {
        matched: { $add: ['$matched', matched] },
        failed: { $add: ['$failed', failed] },
        stopped: { $add: ['$stopped', stopped] },
        ...(at.matched ? { lastMatchedAt: at.matched } : {}),
        ...(at.failed ? { lastFailedAt: at.failed } : {}),
        ...(error === undefined ? {} : { lastError: { $literal: error } }),
      },
    },
  ];
}

interface Match {
  readonly rule: ReadyRule;
  readonly event: StoredEvent;
  readonly would: Would;
}

/** The reactor of rules. */
class RuleReactor implements Reactor {
  #byType = new Map<string, ReadyRule[]>();
  #stamp: string | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  readonly #tallying = new Tallying();

  async refresh(): Promise<void> {
    const oldest = performance.now() - ruleFreshMs;
    // A read that was under way may have begun too early: then there is another one.
    while (this.#readAt < oldest) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
  }

  async #read(): Promise<void> {
    const begun = performance.now();
    const head = await Heads.native().findOne({ _id: rulesHead });
    const stamp = head?.stamp ?? '';
    if (stamp !== this.#stamp) {
      // The head first: rules that change meanwhile bring another stamp with them, and are read again.
      const rules = head
        ? await Rules.native().find({ removedAt: null, enabled: true }, { limit: maxRules }).toArray()
        : [];
      this.#byType = groupBy(rules.flatMap(readied), ({ on }) => on);
      this.#stamp = stamp;
    }
    this.#readAt = begun;
  }

  react(events: readonly StoredEvent[], share: number): readonly ReactorDraft[] {
    const asked = events.filter(({ type }) => this.#byType.has(type));
    if (asked.length === 0) {
      return [];
    }
    const matches = onAccount(decisionSteps, () => asked.flatMap((event) => this.#matches(event)));
    const each = shareEach(share, matches.length);
    for (const { rule, event } of matches) {
      this.#tallying.count(rule, event, each < 1 ? 'stopped' : 'matched');
    }
    return each < 1
      ? []
      : matches.map(({ rule, event, would }) => ({ ...draftOf(rule.name, event, would), share: each }));
  }

  #matches(event: StoredEvent): Match[] {
    let variables: CelVariables | undefined;
    return (this.#byType.get(event.type) ?? []).flatMap((rule) => {
      try {
        variables ??= variablesOf(event);
        const would = rule.ask(variables);
        return would ? [{ rule, event, would }] : [];
      } catch (error) {
        this.#tallying.count(rule, event, 'failed', error instanceof Error ? error.message : String(error));
        return [];
      }
    });
  }
}

function readied({ _id: name, source, createdAt }: StoredRule): ReadyRule[] {
  const compiled = compile(JSON.parse(source) as RuleShape, '');
  if (Array.isArray(compiled)) {
    // It was taken by an earlier version of the product.
    log.error({ rule: name, faults: compiled }, 'A rule cannot be read any more: it does nothing');
    return [];
  }
  return [{ ...compiled, name, of: createdAt }];
}

/** Rules as reactions. */
export const ruleReactor: Reactor = new RuleReactor();
