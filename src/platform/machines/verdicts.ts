// Why an event is taken or not where an instance stands: what each guard says. For answers to people; nothing moves.
import type { AnyMachineSnapshot } from 'xstate';
import { evaluateGuard } from 'xstate/guards';
import { isReserved } from './actions.ts';
import { chartOf, type AnyStateNode } from './chart.ts';
import type { MachineDefinition } from './definition.ts';
import type { Json } from './json.ts';
import { guarded, matches, restore } from './restore.ts';
import type { MachineEventInput } from './step.ts';
import { within, type Surroundings } from './surroundings.ts';

/** One transition an event could take. */
export interface Verdict {
  /** The state whose transition it is. */
  readonly state: string;
  /** The states it leads to, by their ids; none where it stays. */
  readonly target: readonly string[];
  /** Name or expression of its guard; null where it has none. */
  readonly guard: string | null;
  /** What the guard says; true where there is none. A guard that throws fails the whole step. */
  readonly says: boolean | 'threw';
  /** What it threw. */
  readonly error?: string;
}

type Transition = AnyStateNode['always'] extends (infer One)[] | undefined ? One : never;

/**
 * Each transition an event could take, inner states before outer ones, in the order they are asked: the first that says
 * true is taken. Empty where nothing waits for the event. Throws MachineFault where the snapshot is not the chart's.
 */
export function verdicts(
  definition: MachineDefinition,
  snapshot: Json,
  event: MachineEventInput,
  around: Surroundings,
): Verdict[] {
  const chart = chartOf(definition);
  return guarded(definition, 'cannot be restored', () => {
    const standing = restore(chart, snapshot);
    if (standing.status !== 'active' || isReserved(event.type)) {
      return [];
    }
    const seen = { ...around, tags: [...standing.tags] };
    return within(seen, () => candidates(standing, event.type).map((one) => judged(standing, event, one)));
  });
}

function candidates(standing: AnyMachineSnapshot, type: string): Transition[] {
  const nodes = standing._nodes as unknown as AnyStateNode[];
  const inner = nodes.filter((node) => Object.keys(node.states).length === 0);
  const asked = new Set(inner.toSorted((left, right) => left.order - right.order).flatMap(upwards));
  return [...asked].flatMap((node) => transitionsFor(node, type));
}

function upwards(node: AnyStateNode): AnyStateNode[] {
  return [node, ...(node.parent ? upwards(node.parent as unknown as AnyStateNode) : [])];
}

/** As XState ranks descriptors: the type itself, then the longer wildcard. */
function transitionsFor(node: AnyStateNode, type: string): Transition[] {
  const rank = (descriptor: string): number => (descriptor === type ? Number.POSITIVE_INFINITY : descriptor.length);
  return [...node.transitions]
    .filter(([descriptor]) => matches(type, descriptor))
    .toSorted(([left], [right]) => (rank(left) === rank(right) ? 0 : rank(right) - rank(left)))
    .flatMap(([, transitions]) => transitions as unknown as Transition[]);
}

function judged(standing: AnyMachineSnapshot, event: MachineEventInput, one: Transition): Verdict {
  const { source, target, guard } = one;
  const about = {
    state: source.id,
    target: (target ?? []).map(({ id }) => id),
    guard: guard === undefined ? null : nameOf(guard),
  };
  try {
    const asked = guard as Parameters<typeof evaluateGuard>[0] | undefined;
    return { ...about, says: asked === undefined || evaluateGuard(asked, standing.context, event, standing) };
  } catch (error) {
    return { ...about, says: 'threw', error: error instanceof Error ? error.message : String(error) };
  }
}

interface Composed {
  readonly type?: string;
  readonly name?: string;
  /** Only XState's own guards have one. */
  readonly check?: unknown;
  readonly guards?: readonly unknown[];
  readonly stateValue?: unknown;
}

/** A guard as its chart names it; `and(…)`, `or(…)` and `not(…)` by their parts. */
function nameOf(guard: unknown): string {
  if (typeof guard === 'string') {
    return guard;
  }
  const { type, name, check, guards, stateValue } = guard as Composed;
  if (check === undefined) {
    return type ?? (name || 'inline');
  }
  const parts = guards?.map(nameOf).join(', ') ?? JSON.stringify(stateValue);
  return `${name ?? ''}(${parts})`;
}
