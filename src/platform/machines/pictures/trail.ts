// The way an instance took through its chart. Called by whoever has the steps of an instance.
import { canonicalJson } from '../../ids.ts';
import type { StateValue } from '../kernel.ts';
import { graphOf, statesOf, type Charted, type GraphState, type GraphTransition, type PictureGraph } from './graph.ts';
import { activeIn, takes, type PictureMarks } from './marks.ts';

/** One step as the history keeps it: the event's type and where the instance stood after it. */
export interface TrailStep {
  readonly event: string;
  readonly to: StateValue;
}

type Trail = Pick<PictureMarks, 'visited' | 'taken'>;

/**
 * The way an instance took, from its steps, oldest first, its creation included: every state it stood in, and the
 * transitions that can have led from each place to the next, through states it only passed. Piece by piece: it gives way
 * wherever the next step is of a kind that was not there before.
 */
export function* trailOf(definition: Charted, steps: readonly TrailStep[]): Generator<undefined, Trail> {
  const ways = new Ways(graphOf(definition));
  const visited = new Set<string>();
  const taken = new Map<string, GraphTransition>();
  const known = new Set<string>();
  let before: readonly GraphState[] = [];
  let beforeKey = '';
  for (const { event, to } of steps) {
    const afterKey = canonicalJson(to);
    const step = canonicalJson([beforeKey, event, afterKey]);
    const after = ways.activeAt(afterKey, to);
    if (!known.has(step)) {
      known.add(step);
      yield;
      after.forEach(({ id }) => visited.add(id));
      for (const edge of ways.between(before, event, new Set(after.map(({ id }) => id)))) {
        taken.set(edge.id, edge);
        visited.add(edge.source);
      }
    }
    before = after;
    beforeKey = afterKey;
  }
  return {
    visited: [...visited],
    taken: [...taken.values()].map(({ source, target, event }) => ({ from: source, to: target ?? source, event })),
  };
}

/** A chart as ways are looked for in it: read once, so that no step looks through all of it. */
class Ways {
  readonly #root: GraphState;
  readonly #states: readonly GraphState[];
  readonly #byId: ReadonlyMap<string, GraphState>;
  readonly #around = new Map<string, string>();
  readonly #from = new Map<string, GraphTransition[]>();
  readonly #onwards = new Map<string, readonly GraphTransition[]>();
  readonly #active = new Map<string, readonly GraphState[]>();

  constructor({ root, transitions }: PictureGraph) {
    this.#root = root;
    this.#states = statesOf(root);
    this.#byId = new Map(this.#states.map((state) => [state.id, state]));
    this.#states.forEach(({ id, states }) => states.forEach((inner) => this.#around.set(inner.id, id)));
    transitions.forEach((edge) => this.#from.set(edge.source, [...(this.#from.get(edge.source) ?? []), edge]));
  }

  /** The states an instance is in; `key` is the value as a text. */
  activeAt(key: string, value: StateValue): readonly GraphState[] {
    const active = this.#active.get(key) ?? activeIn(this.#root, value);
    this.#active.set(key, active);
    return active;
  }

  between(before: readonly GraphState[], event: string, after: ReadonlySet<string>): GraphTransition[] {
    const handled = new Set<string>();
    const leadNowhere = new Set<string>();
    const found: GraphTransition[] = [];
    // The innermost state that takes an event takes it from those around it.
    for (const state of before.toReversed()) {
      if (handled.has(state.id)) {
        continue;
      }
      const candidates = (this.#from.get(state.id) ?? []).filter((edge) => takes(edge, event));
      const direct = candidates.find(({ target }) => target !== null && after.has(target));
      const way = direct ? [direct] : this.#firstWay(candidates, after, leadNowhere);
      if (way.length > 0 || state.inside.some((edge) => edge.guard === '' && takes(edge, event))) {
        this.#withThoseAround(state.id).forEach((id) => handled.add(id));
        found.push(...way);
      }
    }
    return found;
  }

  #firstWay(
    candidates: readonly GraphTransition[],
    after: ReadonlySet<string>,
    leadNowhere: Set<string>,
  ): GraphTransition[] {
    const seen = new Set(leadNowhere);
    const follow = (edge: GraphTransition): GraphTransition[] => {
      if (edge.target === null || after.has(edge.target)) {
        return edge.target === null ? [] : [edge];
      }
      if (seen.has(edge.id)) {
        return [];
      }
      seen.add(edge.id);
      for (const next of this.#onwardsFrom(edge.target)) {
        const rest = follow(next);
        if (rest.length > 0) {
          return [edge, ...rest];
        }
      }
      return [];
    };
    for (const candidate of candidates) {
      const way = follow(candidate);
      if (way.length > 0) {
        return way;
      }
    }
    // All that was seen leads nowhere, for whoever comes by it again.
    seen.forEach((id) => leadNowhere.add(id));
    return [];
  }

  /** The transitions by which an instance that enters a state may go on at once, in the order of the chart. */
  #onwardsFrom(id: string): readonly GraphTransition[] {
    const known = this.#onwards.get(id);
    if (known) {
      return known;
    }
    const entered = this.#enteredBy(id);
    const onwards = this.#states
      .filter((state) => entered.has(state.id))
      .flatMap((state) => this.#from.get(state.id) ?? [])
      .filter(({ kind, source, event }) => kind === 'always' || event === `done.state.${source}`);
    this.#onwards.set(id, onwards);
    return onwards;
  }

  /** A state, those entered with it, and those around it, which may end by it. */
  #enteredBy(id: string): Set<string> {
    const entered = new Set(this.#withThoseAround(id).filter((one) => one !== this.#root.id));
    const within = new Set<string>();
    for (let next: string | null | undefined = id; next && !within.has(next); next = this.#byId.get(next)?.initial) {
      within.add(next);
      entered.add(next);
    }
    return entered;
  }

  #withThoseAround(id: string): string[] {
    const all: string[] = [];
    for (let one: string | undefined = id; one !== undefined; one = this.#around.get(one)) {
      all.push(one);
    }
    return all;
  }
}
