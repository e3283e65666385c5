// What is known of one instance, found in its chart: where it stands, where it was, what it waits for, what failed.
// Called by the renderers; trailOf by whoever has the steps of an instance.
import type { StateValue } from '../kernel.ts';
import {
  eventKey,
  graphOf,
  statesOf,
  type Charted,
  type GraphState,
  type GraphTransition,
  type PictureGraph,
} from './graph.ts';

/**
 * One instance on its chart. States are named by XState's id (`order.open`) or by their path (`open`); events as sent
 * or as stored (`after.<delay>.<state>`). What the chart does not know is shown beside it, or left out where it is a state.
 */
export interface PictureMarks {
  readonly value: StateValue;
  readonly visited: readonly string[];
  readonly taken: readonly { readonly from: string; readonly to: string; readonly event: string }[];
  /** `name` is the timer's `sendId`, or the delay's name beside its `state`. `event`: what it raises, where it does. */
  readonly timers: readonly {
    readonly name: string;
    readonly state?: string | undefined;
    readonly event?: string | undefined;
    readonly dueAt: Date;
  }[];
  /** Effects that gave up. */
  readonly failed: readonly { readonly name: string; readonly state?: string | undefined }[];
  readonly now: Date;
}

/** A timer, and what is left of it. */
export interface TimerMark {
  readonly name: string;
  readonly leftMs: number;
}

/** Marks by the chart's own ids. */
export interface FoundMarks {
  readonly lit: ReadonlySet<string>;
  readonly visited: ReadonlySet<string>;
  /** Ids of transitions. */
  readonly taken: ReadonlySet<string>;
  /** By transition; the others are `elsewhere`. */
  readonly timers: ReadonlyMap<string, TimerMark>;
  readonly elsewhere: readonly TimerMark[];
  /** Names of effects by state; those without one under ''. */
  readonly failed: ReadonlyMap<string, readonly string[]>;
}

/** Finds the marks of an instance in its chart. */
export function foundIn(graph: PictureGraph, marks: PictureMarks): FoundMarks {
  const states = statesOf(graph.root);
  const ids = new Map([...states.map(({ path, id }) => [path, id]), ...states.map(({ id }) => [id, id])] as [
    string,
    string,
  ][]);
  const known = (name: string | undefined): string[] => (name === undefined ? [] : [ids.get(name) ?? []].flat());
  const lit = new Set(activeIn(graph.root, marks.value).map(({ id }) => id));
  const taken = marks.taken.flatMap(({ from, to, event }) => {
    const [source, target] = [known(from)[0], known(to)[0]];
    return graph.transitions.filter((edge) => edge.source === source && edge.target === target && takes(edge, event));
  });
  const timers = new Map<string, TimerMark>();
  const elsewhere: TimerMark[] = [];
  for (const timer of marks.timers) {
    const mark = { name: timer.name, leftMs: Math.max(0, timer.dueAt.getTime() - marks.now.getTime()) };
    const waits = [...graph.transitions, ...states.flatMap(({ inside }) => inside)].filter((edge) =>
      isFor(edge, timer, known(timer.state)[0], lit),
    );
    const arrows = waits.filter(({ target }) => target !== null);
    arrows.forEach(({ id }) => timers.set(id, mark));
    if (arrows.length === 0) {
      elsewhere.push(mark);
    }
  }
  const failed = new Map<string, string[]>();
  for (const { name, state } of marks.failed) {
    const at = known(state)[0] ?? '';
    failed.set(at, [...(failed.get(at) ?? []), name]);
  }
  return {
    lit,
    visited: new Set(marks.visited.flatMap(known)),
    taken: new Set(taken.map(({ id }) => id)),
    timers,
    elsewhere,
    failed,
  };
}

function isFor(
  edge: GraphTransition,
  { name }: { readonly name: string },
  state: string | undefined,
  lit: ReadonlySet<string>,
): boolean {
  return (
    edge.kind === 'after' &&
    lit.has(edge.source) &&
    (edge.event === eventKey(name) || (edge.source === state && edge.event === `after.${name}.${edge.source}`))
  );
}

/** The states an instance is in, each before those inside it. Names the chart does not know are nobody. */
export function activeIn(state: GraphState, value: StateValue): GraphState[] {
  const regions: [string, StateValue | undefined][] =
    typeof value === 'string' ? [[value, undefined]] : Object.entries(value);
  const inner = state.states.filter(({ name }) => regions.some(([region]) => region === name));
  return [
    state,
    ...inner.flatMap((child) => {
      const within = regions.find(([region]) => region === child.name)?.[1];
      return within === undefined ? [child] : activeIn(child, within);
    }),
  ];
}

/** One step as the history keeps it: the event's type and where the instance stood after it. */
export interface TrailStep {
  readonly event: string;
  readonly to: StateValue;
}

/**
 * The way an instance took, from its steps, oldest first, its creation included: every state it stood in, and the
 * transitions that can have led from each place to the next, through states it only passed.
 */
export function trailOf(definition: Charted, steps: readonly TrailStep[]): Pick<PictureMarks, 'visited' | 'taken'> {
  const graph = graphOf(definition);
  const visited = new Set<string>();
  const taken = new Map<string, GraphTransition>();
  let before: GraphState[] = [];
  for (const { event, to } of steps) {
    const after = activeIn(graph.root, to);
    after.forEach(({ id }) => visited.add(id));
    for (const edge of waysBetween(graph, before, event, new Set(after.map(({ id }) => id)))) {
      taken.set(edge.id, edge);
      visited.add(edge.source);
    }
    before = after;
  }
  return {
    visited: [...visited],
    taken: [...taken.values()].map(({ source, target, event }) => ({ from: source, to: target ?? source, event })),
  };
}

function waysBetween(
  graph: PictureGraph,
  before: readonly GraphState[],
  event: string,
  after: ReadonlySet<string>,
): GraphTransition[] {
  const handled = new Set<string>();
  const found: GraphTransition[] = [];
  // The innermost state that takes an event takes it from those around it.
  for (const state of before.toReversed()) {
    if (statesOf(state).some(({ id }) => handled.has(id))) {
      continue;
    }
    const candidates = graph.transitions.filter((edge) => edge.source === state.id && takes(edge, event));
    const direct = candidates.find(({ target }) => target !== null && after.has(target));
    const way = direct ? [direct] : firstWay(graph, candidates, after);
    if (way.length > 0 || state.inside.some((edge) => edge.guard === '' && takes(edge, event))) {
      handled.add(state.id);
      found.push(...way);
    }
  }
  return found;
}

function firstWay(
  graph: PictureGraph,
  candidates: readonly GraphTransition[],
  after: ReadonlySet<string>,
): GraphTransition[] {
  const seen = new Set<string>();
  const follow = (edge: GraphTransition): GraphTransition[] => {
    if (edge.target === null || after.has(edge.target)) {
      return edge.target === null ? [] : [edge];
    }
    if (seen.has(edge.id)) {
      return [];
    }
    seen.add(edge.id);
    const entered = enteredBy(graph, edge.target);
    const next = graph.transitions.filter(
      ({ kind, source, event }) => entered.has(source) && (kind === 'always' || event === `done.state.${source}`),
    );
    const rest = next.map(follow).find((way) => way.length > 0);
    return rest ? [edge, ...rest] : [];
  };
  return candidates.map(follow).find((way) => way.length > 0) ?? [];
}

/** A state, those entered with it, and those around it, which may end by it. */
function enteredBy(graph: PictureGraph, id: string): Set<string> {
  const all = statesOf(graph.root);
  const around = all.filter((state) => state !== graph.root && statesOf(state).some((inner) => inner.id === id));
  const entered = new Set(around.map((state) => state.id));
  let next: string | null | undefined = id;
  while (next && !entered.has(`-${next}`)) {
    entered.add(`-${next}`).add(next);
    next = all.find((state) => state.id === next)?.initial;
  }
  return entered;
}

/** As XState matches descriptors: the type itself, `*`, or a prefix that ends in `.*`. */
function takes(edge: GraphTransition, event: string): boolean {
  const type = eventKey(event);
  return (
    edge.event === type ||
    (edge.kind === 'event' &&
      (edge.event === '*' || (edge.event.endsWith('.*') && `${type}.`.startsWith(edge.event.slice(0, -1)))))
  );
}
