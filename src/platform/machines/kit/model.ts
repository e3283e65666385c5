// A chart as XState's graph tools walk it: the living machine, without our kernel, so that what it says can be held against
// the kernel. Beside the snapshot it keeps the timers that are armed. Used by paths.ts only.
import type { ActorLogic, AnyMachineSnapshot, EventObject, Snapshot } from 'xstate';
import type { Action } from '../actions.ts';
import { chartOf, type AnyStateNode, type Chart } from '../chart.ts';
import type { MachineDefinition } from '../definition.ts';
import type { Json } from '../json.ts';
import type { MachineEventInput } from '../step.ts';
import { within, type Seen, type Surroundings } from '../surroundings.ts';

/** What moves a machine from one state to the next. */
export type Cause =
  | { readonly kind: 'event'; readonly event: MachineEventInput }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'completed'; readonly child: string; readonly output: Json }
  | { readonly kind: 'failed'; readonly child: string; readonly error: Json };

/** An edge of the graph. Its type is the cause in words. */
export interface Edge extends EventObject {
  readonly cause: Cause;
}

/** A timer that is armed, by the name the kit gives it. */
interface Armed {
  readonly name: string;
  readonly sendId: string | undefined;
  readonly event: EventObject;
}

/** A vertex of the graph. */
export type Standing = Snapshot<unknown> & {
  readonly machine: AnyMachineSnapshot;
  readonly armed: readonly Armed[];
};

/** What children may come to, by their ids. */
export type Ends = Readonly<
  Record<string, { readonly outputs?: readonly Json[]; readonly errors?: readonly Json[] } | undefined>
>;

/** What the model is made of. */
export interface ModelParts {
  readonly input: unknown;
  /** Every event somebody may send, with its payload. */
  readonly events: readonly MachineEventInput[];
  readonly ends: Ends;
  readonly around: Surroundings;
}

/** The living machine as logic for the graph tools, and the edges that lead out of a vertex. */
export interface Model {
  readonly logic: ActorLogic<Standing, Edge>;
  readonly edges: (standing: Standing) => Edge[];
  /** Ids of all its states but the histories. */
  readonly states: readonly string[];
}

/** The model of a definition. */
export function modelOf(definition: MachineDefinition, parts: ModelParts): Model {
  const chart = chartOf(definition);
  return {
    states: statesOf(chart.machine.root as unknown as AnyStateNode),
    edges: (standing) => within(seenIn(parts, standing), () => edgesOf(parts, standing)),
    logic: {
      getInitialSnapshot: () =>
        stepped(chart, parts, null, (scope) => chart.machine.getInitialSnapshot(scope, parts.input)),
      transition: (before, { cause }) => {
        const event = eventOf(cause, before);
        const left = { ...before, armed: before.armed.filter((timer) => timer.event !== event) };
        return stepped(chart, parts, left, (scope) => chart.machine.transition(before.machine, event, scope));
      },
      getPersistedSnapshot: (standing) => standing,
    },
  };
}

/** Ids of the states a vertex stands in. */
export function statesIn({ machine }: Standing): string[] {
  return (machine._nodes as unknown as AnyStateNode[]).map(({ id }) => id);
}

function statesOf(node: AnyStateNode): string[] {
  const inner = Object.values(node.states as Record<string, AnyStateNode>).flatMap(statesOf);
  return node.type === 'history' ? inner : [node.id, ...inner];
}

function stepped(
  { scope, afters }: Chart,
  parts: ModelParts,
  before: Standing | null,
  take: (scope: Chart['scope']) => unknown,
): Standing {
  const actions: Action[] = [];
  const machine = within(seenIn(parts, before), () =>
    take({ ...scope, actionExecutor: (action) => actions.push(action) }),
  ) as AnyMachineSnapshot;
  const armed = machine.status === 'active' ? armedAfter(before?.armed ?? [], actions, afters) : [];
  return { status: machine.status, output: machine.output, error: machine.error, machine, armed } as Standing;
}

function seenIn({ around }: ModelParts, before: Standing | null): Seen {
  return { ...around, tags: [...(before?.machine.tags ?? [])] };
}

interface Raise {
  readonly event: EventObject;
  readonly id?: string;
  readonly delay?: unknown;
  readonly sendId?: string;
}

function armedAfter(before: readonly Armed[], actions: readonly Action[], afters: Chart['afters']): readonly Armed[] {
  let armed = before;
  for (const { type, params } of actions) {
    const { event, id, delay, sendId } = params as unknown as Raise;
    if (type === 'xstate.cancel') {
      armed = armed.filter((timer) => timer.sendId !== sendId);
    } else if (type === 'xstate.raise' && delay !== undefined) {
      const after = afters.get(event.type);
      const name = after ? `after.${after.delay}.${after.state}` : (id ?? event.type);
      armed = [...armed.filter((timer) => id === undefined || timer.sendId !== id), { name, sendId: id, event }];
    }
  }
  return armed;
}

function edgesOf({ events, ends }: ModelParts, { machine, armed }: Standing): Edge[] {
  if (machine.status !== 'active') {
    return [];
  }
  const children = Object.keys(machine.children as object);
  const causes: Cause[] = [
    ...events
      .filter((event) => machine.machine.getTransitionData(machine, event).length > 0)
      .map((event) => ({ kind: 'event', event }) as const),
    ...armed.map(({ name }) => ({ kind: 'timer', name }) as const),
    ...children.flatMap((child) => [
      ...(ends[child]?.outputs ?? []).map((output) => ({ kind: 'completed', child, output }) as const),
      ...(ends[child]?.errors ?? []).map((error) => ({ kind: 'failed', child, error }) as const),
    ]),
  ];
  return causes.map((cause) => ({ type: inWords(cause), cause }));
}

function eventOf(cause: Cause, { armed }: Standing): EventObject {
  switch (cause.kind) {
    case 'event':
      return cause.event;
    case 'timer':
      return armed.find(({ name }) => name === cause.name)!.event;
    case 'completed': {
      const { child, output } = cause;
      return { type: `xstate.done.actor.${child}`, output, actorId: child } as EventObject;
    }
    case 'failed': {
      const { child, error } = cause;
      return { type: `xstate.error.actor.${child}`, error, actorId: child } as EventObject;
    }
  }
}

function inWords(cause: Cause): string {
  switch (cause.kind) {
    case 'event': {
      const { type, ...payload } = cause.event;
      return Object.keys(payload).length === 0 ? type : `${type} ${JSON.stringify(payload)}`;
    }
    case 'timer':
      return cause.name;
    case 'completed':
      return `${cause.child} came to ${JSON.stringify(cause.output)}`;
    case 'failed':
      return `${cause.child} failed with ${JSON.stringify(cause.error)}`;
  }
}
