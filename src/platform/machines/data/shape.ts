// What can be said of a chart from its shape alone, guards aside: states nobody reaches, states nobody leaves, cycles
// without an event. Works on charts as data and on those of machines/.
import type { Finding, Lint } from './findings.ts';

/** A state of a chart. */
export interface ShapeState {
  readonly pointer: string;
  /** For people. */
  readonly name: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly parent: ShapeState | null;
  readonly states: readonly ShapeState[];
  /** What is entered first: of a compound state; of history, where there is none yet. */
  readonly initial: ShapeState | null;
  readonly moves: readonly ShapeMove[];
  /** It waits for a child. */
  readonly invokes: boolean;
}

/** A transition. Without a target it stays. */
export interface ShapeMove {
  readonly pointer: string;
  readonly target: ShapeState | null;
  readonly eventless: boolean;
  readonly guarded: boolean;
}

/** What the shape of a chart says. `root` is its outermost state. */
export function shapeFindings(root: ShapeState): Lint {
  const states = allOf(root);
  const reached = reachedFrom(root);
  const unreachable = states
    .filter((state) => !reached.has(state) && (state.parent === null || reached.has(state.parent)))
    .map(({ pointer, name }) => found('unreachable-state', pointer, `Nothing leads to ${name}`));
  const traps = [...reached]
    .filter((state) => state.kind === 'atomic' && !hasWayOn(state))
    .map(({ pointer, name }) =>
      found('trap-state', pointer, `${name || 'The machine'} is not final, and nothing can happen there`),
    );
  const ends = [...reached].some((state) => state.kind === 'final' && state.parent === root);
  const cycles = cyclesIn(states);
  return {
    errors: [...unreachable, ...traps, ...cycles.errors],
    warnings: [
      ...cycles.warnings,
      ...(ends
        ? []
        : [found('no-final', root.pointer, 'No final state of the machine is ever reached: its instances never end')]),
    ],
  };
}

function found(code: string, path: string, detail: string): Finding {
  return { code, path, detail };
}

function allOf(state: ShapeState): ShapeState[] {
  return [state, ...state.states.flatMap(allOf)];
}

function ancestorsOf(state: ShapeState): ShapeState[] {
  return state.parent === null ? [] : [state.parent, ...ancestorsOf(state.parent)];
}

/** The states that are active once a state is entered: those around it with their other regions, and what each begins with. */
function enteredBy(target: ShapeState): Set<ShapeState> {
  const around = ancestorsOf(target);
  const entered = new Set<ShapeState>(around);
  const into = (state: ShapeState): void => {
    if (!entered.has(state)) {
      entered.add(state);
      beginningsOf(state).forEach(into);
    }
  };
  into(target);
  // The region the target lies in is entered there and not at its beginning: it is one of those around.
  around.filter(({ kind }) => kind === 'parallel').forEach((parallel) => beginningsOf(parallel).forEach(into));
  return entered;
}

function beginningsOf({ kind, states, initial }: ShapeState): readonly ShapeState[] {
  if (kind === 'parallel') {
    return states.filter((state) => state.kind !== 'history');
  }
  return kind === 'compound' && initial ? [initial] : [];
}

function reachedFrom(root: ShapeState): Set<ShapeState> {
  const reached = new Set<ShapeState>();
  const targets = new Set<ShapeState>();
  const waiting: ShapeState[] = [];
  const lead = (target: ShapeState): void => {
    if (!targets.has(target)) {
      targets.add(target);
      waiting.push(target);
    }
  };
  lead(root);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const state of [...enteredBy(next)].filter((one) => !reached.has(one))) {
      reached.add(state);
      state.moves.forEach(({ target }) => target && lead(target));
      if (state.kind === 'history' && state.parent) {
        // Without a past it is where it says, or where its parent begins; with one, where other ways have led before.
        lead(state.initial ?? state.parent);
      }
    }
  }
  return reached;
}

/** True where something may still happen: a transition of its own, of what is around it, or of another region. */
function hasWayOn(state: ShapeState): boolean {
  const around = ancestorsOf(state);
  const regions = around.filter(({ kind }) => kind === 'parallel').flatMap(({ states }) => states.flatMap(allOf));
  return [state, ...around, ...regions].some(({ moves, invokes }) => moves.length > 0 || invokes);
}

/** Cycles of transitions that need no event: without guards they never end; with guards they may. */
function cyclesIn(states: readonly ShapeState[]): Lint {
  const free = componentOf(states, (move) => move.eventless && !move.guarded);
  const guarded = componentOf(states, (move) => move.eventless);
  const errors = states
    .filter((state) => free.has(state))
    .map(({ pointer, name }) =>
      found('always-cycle', pointer, `${name || 'The machine'} takes transitions without an event for ever`),
    );
  const warnings = states
    .filter((state) => guarded.has(state) && !free.has(state))
    .map(({ pointer, name }) =>
      found(
        'guarded-always-cycle',
        pointer,
        `${name || 'The machine'} comes back to itself without an event unless its guards end it`,
      ),
    );
  return { errors, warnings };
}

/** The states that a chain of these transitions leads back to, by Tarjan's way of finding strong components. */
function componentOf(states: readonly ShapeState[], counts: (move: ShapeMove) => boolean): Set<ShapeState> {
  const ways = new Map<ShapeState, Set<ShapeState>>();
  for (const state of states) {
    const active = state.moves.filter(counts).map(({ target }) => (target ? enteredBy(target) : new Set([state])));
    ways.set(state, new Set(active.flatMap((one) => [...one])));
  }
  const order = new Map<ShapeState, number>();
  const stack: ShapeState[] = [];
  const open = new Set<ShapeState>();
  const cyclic = new Set<ShapeState>();
  const visit = (state: ShapeState): number => {
    const index = order.size;
    let lowest = index;
    order.set(state, index);
    stack.push(state);
    open.add(state);
    for (const next of ways.get(state) ?? []) {
      if (!order.has(next)) {
        lowest = Math.min(lowest, visit(next));
      } else if (open.has(next)) {
        lowest = Math.min(lowest, order.get(next) ?? 0);
      }
    }
    if (lowest === index) {
      const component = stack.splice(stack.indexOf(state));
      component.forEach((one) => open.delete(one));
      if (component.length > 1 || ways.get(state)?.has(state)) {
        component.forEach((one) => cyclic.add(one));
      }
    }
    return lowest;
  };
  states.forEach((state) => order.has(state) || visit(state));
  return cyclic;
}
