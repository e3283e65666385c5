// The timers of an instance on its way to another version: which go on, which end, which begin. Called by migrate.ts.
import type { AnyMachineSnapshot } from 'xstate';
import { chartOf, type AnyStateNode } from '../chart.ts';
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import type { TimerDraft } from '../kernel.ts';
import type { ArmedTimer } from '../store.ts';
import { surroundings } from '../surroundings.ts';
import { pointerTo, type Finding } from './findings.ts';
import type { MigrationPlan } from './migration.ts';

/** What becomes of the timers. */
export interface MigratedTimers {
  readonly timers: readonly ArmedTimer[];
  readonly renamed: readonly ArmedTimer[];
  readonly dropped: readonly ArmedTimer[];
  readonly drafts: readonly TimerDraft[];
  readonly reasons: readonly Finding[];
}

/** Where an instance comes from and where it stands then. */
export interface TimerMove {
  readonly to: MachineDefinition;
  readonly after: AnyMachineSnapshot;
  /** The state of the new version for one of the old by its id; undefined where there is none. */
  readonly stateFor: (id: string) => AnyStateNode | undefined;
  /** True where a child that is spoken to is alive still. */
  readonly hears: (trigger: Extract<ArmedTimer['trigger'], { kind: 'send' }>) => boolean;
}

/** A wait of a state of the new version. */
interface Wait {
  readonly node: AnyStateNode;
  readonly delay: string;
}

/** Sorts the timers of an instance. Runs within the surroundings of the migration: delays may be computed. */
export function migratedTimers(
  waiting: readonly ArmedTimer[],
  plan: NonNullable<MigrationPlan['timers']>,
  move: TimerMove,
): MigratedTimers {
  const nodes = move.after._nodes as unknown as readonly AnyStateNode[];
  const waits = nodes.flatMap((node) => delaysOf(node).map((delay): Wait => ({ node, delay })));
  const claimed = new Set<Wait>();
  const timers: ArmedTimer[] = [];
  const renamed: ArmedTimer[] = [];
  const dropped: ArmedTimer[] = [];
  const reasons: Finding[] = [];
  const same = (timer: ArmedTimer): Wait | undefined =>
    waits.find((wait) => isOf(timer, wait, move) && delayIn(timer) === wait.delay);
  const taken = new Set(waiting.map(same));
  for (const timer of waiting) {
    const wanted = Object.hasOwn(plan, timer.sendId) ? plan[timer.sendId] : undefined;
    const fate = fateOf(timer, wanted, move, { same: same(timer), others: waits.filter((wait) => !taken.has(wait)) });
    if (typeof fate === 'string') {
      reasons.push({ code: 'timer-unmatched', path: pointerTo('/timers', timer.sendId), detail: fate });
      continue;
    }
    if (fate.claims) {
      claimed.add(fate.claims);
    }
    (fate.timer ? timers : dropped).push(fate.timer ?? timer);
    if (fate.timer && fate.timer.sendId !== timer.sendId) {
      renamed.push(fate.timer);
    }
  }
  const drafts = waits.filter((wait) => !claimed.has(wait)).map((wait) => draftOf(wait, move));
  return { timers, renamed, dropped, drafts, reasons };
}

interface Fate {
  /** As it goes on; null where it does not. */
  readonly timer: ArmedTimer | null;
  /** The wait it stands for: it is not armed anew. */
  readonly claims?: Wait | undefined;
}

function fateOf(
  timer: ArmedTimer,
  wanted: 'keep' | 'restart' | 'drop' | undefined,
  move: TimerMove,
  { same, others }: { readonly same: Wait | undefined; readonly others: readonly Wait[] },
): Fate | string {
  if (timer.trigger.kind !== 'after') {
    return sentLater(timer, wanted, move);
  }
  if (wanted === 'restart') {
    return { timer: null };
  }
  const candidates = others.filter((wait) => isOf(timer, wait, move));
  const wait = same ?? (wanted !== undefined && candidates.length === 1 ? candidates[0] : undefined);
  if (wanted === 'drop') {
    return { timer: null, claims: wait };
  }
  if (wait) {
    return { timer: renamedTo(timer, wait), claims: wait };
  }
  return wanted === 'keep'
    ? `The new version does not say which wait of its state is ${timer.sendId}`
    : { timer: null };
}

/** A timer by an action of the chart: what it sends is sent when it is due, whichever version runs. */
function sentLater(timer: ArmedTimer, wanted: 'keep' | 'restart' | 'drop' | undefined, move: TimerMove): Fate | string {
  if (wanted === 'restart') {
    return `${timer.sendId} was armed by an action, and how long it waits is not known: keep or drop it`;
  }
  const heard = timer.trigger.kind !== 'send' || move.hears(timer.trigger);
  return { timer: wanted === 'drop' || !heard ? null : timer };
}

function delayIn({ trigger }: ArmedTimer): string | null {
  return trigger.kind === 'after' ? trigger.delay : null;
}

function isOf({ trigger }: ArmedTimer, { node }: Wait, { stateFor }: TimerMove): boolean {
  return trigger.kind === 'after' && stateFor(trigger.state) === node;
}

function renamedTo(timer: ArmedTimer, { node, delay }: Wait): ArmedTimer {
  return { ...timer, sendId: nameOf(node, delay), trigger: { kind: 'after', state: node.id, delay } };
}

function nameOf(node: AnyStateNode, delay: string): string {
  return `after.${delay}.${node.id}`;
}

function delaysOf(node: AnyStateNode): string[] {
  return [...new Set(node.after.map(({ delay }) => String(delay)))];
}

function draftOf({ node, delay }: Wait, { to, after }: TimerMove): TimerDraft {
  const { delays } = chartOf(to).machine.implementations as unknown as { delays: Readonly<Record<string, unknown>> };
  const named: unknown = Object.hasOwn(delays, delay) ? delays[delay] : Number(delay);
  const { context } = after;
  const ms: unknown = typeof named === 'function' ? (named as Delay)({ context, event: migratedEvent }) : named;
  if (typeof ms !== 'number' || !(ms >= 0)) {
    throw new MachineFault(`The delay ${delay} of ${node.id} is not a number of milliseconds`);
  }
  const dueAt = new Date(surroundings().now.getTime() + ms);
  return { sendId: nameOf(node, delay), trigger: { kind: 'after', state: node.id, delay }, delayMs: ms, dueAt };
}

type Delay = (args: { readonly context: unknown; readonly event: { readonly type: string } }) => unknown;

/** What expressions see as the event of a migration. */
export const migratedEvent = Object.freeze({ type: 'migrated' });
