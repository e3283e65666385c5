// Ways through a chart, found by XState's graph tools on the living machine: what a test drives through the kernel, or over
// HTTP, and holds against the state the model has after each step. Pure.
import type { ActorLogic } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import type { MachineDefinition } from '../definition.ts';
import { toJson, type Json } from '../json.ts';
import type { MachineEventInput, MachineStatus, StateValue } from '../step.ts';
import { modelOf, statesIn, type Cause, type Edge, type Ends, type Model, type Standing } from './model.ts';
import type { MachineRun } from './run.ts';

export type { Cause } from './model.ts';

/** Which ways are looked for. */
export interface PathOptions {
  readonly input?: object;
  /** The id of the instance, which the chart sees as `input.id`; `test` where none is given. */
  readonly id?: string;
  /** Payloads to try for an event; an empty one where none is named. An empty list leaves the event out. */
  readonly payloads?: Readonly<Record<string, readonly object[]>>;
  /** What children may come to, by their ids. Those that are not here never end. */
  readonly children?: Ends;
  /** What of the context makes two states different; all of it where nothing is said. For charts that count. */
  readonly sight?: (context: Json) => unknown;
  /** How many steps the search may take before it throws; 5,000 where nothing is said. */
  readonly limit?: number;
}

/** Where a machine must stand. */
export interface PathState {
  readonly state: StateValue;
  readonly status: MachineStatus;
  readonly context: Json;
  /** Names of the timers that are armed. */
  readonly timers: readonly string[];
}

/** One step of a way, and where it leads. */
export interface PathStep extends PathState {
  readonly cause: Cause;
}

/** One way, from the start. */
export interface Path {
  /** Its causes in words. */
  readonly name: string;
  readonly steps: readonly PathStep[];
}

/** What was found of a chart. */
export interface Ways {
  /** No one is the beginning of another. */
  readonly paths: readonly Path[];
  readonly initial: PathState;
  /** Ids of states that no way comes to. */
  readonly missed: readonly string[];
}

type Finder = typeof getShortestPaths<ActorLogic<Standing, Edge>>;

/**
 * One shortest way to each state a machine can be in: value, context and armed timers. A timer may go off at any moment it is
 * armed. Throws where a payload or the input does not fit, and where there are more states than `limit` allows.
 */
export function shortestPaths(definition: MachineDefinition, options: PathOptions = {}): Ways {
  return waysBy(getShortestPaths, definition, options);
}

/** As `shortestPaths`, but every way that comes to no state twice: for small charts only. */
export function simplePaths(definition: MachineDefinition, options: PathOptions = {}): Ways {
  return waysBy(getSimplePaths, definition, options);
}

/**
 * Ways that take every step there is at least once: from each state of `shortestPaths`, everything that can happen there,
 * with steps that lead nowhere else.
 */
export function everyStep(definition: MachineDefinition, options: PathOptions = {}): Ways {
  return waysBy(
    (logic, traversal) =>
      getShortestPaths(logic, traversal).flatMap((path) => [
        path,
        ...edgesFrom(traversal, path.state).map((event) => {
          const state = logic.transition(path.state, event, undefined as never);
          return { state, steps: [...path.steps, { event, state }], weight: path.weight + 1 };
        }),
      ]),
    definition,
    options,
  );
}

/** Does to a machine in memory what a step of a way is about. Throws where it does not take it. */
export function follow(run: MachineRun, { cause }: PathStep): void {
  switch (cause.kind) {
    case 'event':
      run.send(cause.event);
      break;
    case 'timer':
      run.expire(cause.name);
      break;
    case 'completed':
      run.complete(cause.child, cause.output);
      break;
    case 'failed':
      run.fail(cause.child, cause.error);
      break;
  }
}

/** Where a machine in memory stands, as ways say it. */
export function standingOf(run: MachineRun): PathState {
  const { state, status, context, timers } = run;
  return { state, status, context, timers: timers.map(({ name }) => name).toSorted() };
}

function waysBy(find: Finder, definition: MachineDefinition, options: PathOptions): Ways {
  const { input = {}, id = 'test', children = {}, sight = (context) => context, limit = 5_000 } = options;
  const model = modelOf(definition, {
    input: { ...(definition.input.parse(input) as object), id },
    events: eventsOf(definition, options.payloads ?? {}),
    ends: children,
    around: { now: new Date('2026-01-01T00:00:00.000Z'), actor: 'system' },
  });
  const found = find(model.logic, {
    limit,
    events: model.edges,
    serializeEvent: ({ type }) => type,
    serializeState: (standing) => {
      const { state, status, context, timers } = stateOf(standing);
      return JSON.stringify([state, status, sight(context), timers, Object.keys(standing.machine.children as object)]);
    },
  });
  const first = model.logic.getInitialSnapshot(undefined as never, undefined);
  // Gone again, step by step: where `sight` takes two states for one, the tools keep only one of them.
  const walks = found.map(({ steps }) => walk(model, first, steps.slice(1)));
  const seen = new Set([first, ...walks.flatMap(({ standings }) => standings)].flatMap(statesIn));
  return {
    paths: longest(walks.map(pathOf)),
    initial: stateOf(first),
    missed: model.states.filter((state) => !seen.has(state)),
  };
}

interface Walk {
  readonly edges: readonly Edge[];
  readonly standings: readonly Standing[];
}

function walk({ logic }: Model, first: Standing, steps: readonly { readonly event: Edge }[]): Walk {
  const standings: Standing[] = [];
  for (const { event } of steps) {
    standings.push(logic.transition(standings.at(-1) ?? first, event, undefined as never));
  }
  return { edges: steps.map(({ event }) => event), standings };
}

function edgesFrom(traversal: Parameters<Finder>[1], standing: Standing): readonly Edge[] {
  const { events = [] } = traversal ?? {};
  return typeof events === 'function' ? events(standing) : events;
}

function eventsOf(
  { events, type: machine }: MachineDefinition,
  payloads: Readonly<Record<string, readonly object[]>>,
): MachineEventInput[] {
  return Object.entries(events).flatMap(([type, { payload }]) =>
    (payloads[type] ?? [{}]).map((sample) => {
      const parsed = payload.safeParse(sample);
      if (!parsed.success) {
        throw new Error(`Name payloads of ${type} of ${machine} that fit: ${parsed.error.message}`);
      }
      const event = { type, ...(parsed.data as object) };
      return toJson(event, `The event ${type}`) as unknown as MachineEventInput;
    }),
  );
}

function stateOf({ machine, armed }: Standing): PathState {
  return {
    state: machine.value as StateValue,
    status: machine.status,
    context: toJson(machine.context, 'The context'),
    timers: armed.map(({ name }) => name).toSorted(),
  };
}

function pathOf({ edges, standings }: Walk): Path {
  return {
    name: edges.map(({ type }) => type).join(' → '),
    steps: edges.map(({ cause }, index) => ({ cause, ...stateOf(standings[index]!) })),
  };
}

/** Each once, without those that are the beginning of another. */
function longest(paths: readonly Path[]): Path[] {
  const begins = (path: Path, other: Path): boolean =>
    other !== path && path.steps.length < other.steps.length && `${other.name} → `.startsWith(`${path.name} → `);
  const all = [...new Map(paths.map((path) => [path.name, path])).values()];
  return all.filter((path) => path.steps.length > 0 && !all.some((other) => begins(path, other)));
}
