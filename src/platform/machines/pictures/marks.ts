// What is known of one instance, found in its chart: where it stands, where it was, what it waits for, what failed.
// Called by the renderers.
import type { StateValue } from '../kernel.ts';
import { eventKey, statesOf, type GraphState, type GraphTransition, type PictureGraph } from './graph.ts';

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

/** As XState matches descriptors: the type itself, `*`, or a prefix that ends in `.*`. */
export function takes(edge: GraphTransition, event: string): boolean {
  const type = eventKey(event);
  return (
    edge.event === type ||
    (edge.kind === 'event' &&
      (edge.event === '*' || (edge.event.endsWith('.*') && `${type}.`.startsWith(edge.event.slice(0, -1)))))
  );
}
