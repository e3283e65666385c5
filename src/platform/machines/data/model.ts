// A definition as states and transitions with their places, targets resolved. What lint and diff look at.
import { pointerTo } from './findings.ts';
import {
  celOf,
  listOf,
  transitionsOf,
  type ActionsSource,
  type DefinitionSource,
  type InvokeSource,
  type StateSource,
  type TransitionSource,
  type TransitionsSource,
} from './source.ts';

export type MoveKind = 'event' | 'after' | 'always' | 'done' | 'child-done' | 'child-error';

/** A transition. */
export interface Move {
  readonly pointer: string;
  readonly kind: MoveKind;
  /** The type of its event, its delay, or the child it waits for. */
  readonly on: string;
  readonly source: ModelState;
  readonly written: TransitionSource;
  /** Where it leads: null where it stays, `unknown` where there is no such state. */
  readonly target: ModelState | null | 'unknown';
}

/** A state. */
export interface ModelState {
  readonly pointer: string;
  /** Names from the root, joined by dots; the root's is empty. */
  readonly path: string;
  readonly name: string;
  readonly parent: ModelState | null;
  readonly written: StateSource;
  readonly states: readonly ModelState[];
  /** Lists of transitions that are asked in their order. */
  readonly moves: readonly (readonly Move[])[];
  readonly invokes: readonly { readonly pointer: string; readonly written: InvokeSource }[];
  /** Of a history: where it leads while there is none; null where it does not say. */
  readonly fallback: ModelState | null | 'unknown';
}

/** A whole definition. */
export interface Model {
  readonly root: ModelState;
  /** All states, each before those inside it. */
  readonly states: readonly ModelState[];
}

interface Draft extends ModelState {
  states: ModelState[];
  moves: (readonly Move[])[];
  fallback: ModelState['fallback'];
}

/** The model of a definition that the schema let through. `type` is the id of its root where targets name it. */
export function modelOf(source: DefinitionSource, type: string | null): Model {
  const states: Draft[] = [];
  const ids = new Map<string, ModelState>();
  const draft = (written: StateSource, name: string, pointer: string, parent: ModelState | null): Draft => {
    const path = parent === null || parent.path === '' ? name : `${parent.path}.${name}`;
    const invokes = invokesOf(written, pointer);
    const state: Draft = { pointer, path, name, parent, written, invokes, states: [], moves: [], fallback: null };
    states.push(state);
    if (written.id !== undefined && !ids.has(written.id)) {
      ids.set(written.id, state);
    }
    state.states = Object.entries(written.states ?? {}).map(([key, inner]) =>
      draft(inner, key, pointerTo(pointer, 'states', key), state),
    );
    return state;
  };
  const root = draft(source, '', '', null);
  if (type !== null) {
    ids.set(type, root);
  }
  for (const state of states) {
    state.moves = movesOf(state, ids);
    state.fallback = state.written.target === undefined ? null : targetOf(state, state.written.target, ids);
  }
  return { root, states };
}

function invokesOf(written: StateSource, pointer: string): ModelState['invokes'] {
  const alone = !Array.isArray(written.invoke);
  return listOf(written.invoke).map((one, index) => ({
    pointer: alone ? pointerTo(pointer, 'invoke') : pointerTo(pointer, 'invoke', index),
    written: one,
  }));
}

function movesOf(state: ModelState, ids: ReadonlyMap<string, ModelState>): (readonly Move[])[] {
  const { written, pointer, invokes } = state;
  const lists: (readonly Move[])[] = [];
  const add = (kind: MoveKind, on: string, given: TransitionsSource | undefined, place: string): void => {
    const alone = !Array.isArray(given);
    const moves = transitionsOf(given).map((one, index): Move => {
      const target = one.target === undefined ? null : targetOf(state, one.target, ids);
      return { pointer: alone ? place : pointerTo(place, index), kind, on, source: state, written: one, target };
    });
    if (moves.length > 0) {
      lists.push(moves);
    }
  };
  Object.entries(written.on ?? {}).forEach(([type, given]) =>
    add('event', type, given, pointerTo(pointer, 'on', type)),
  );
  add('always', '', written.always, pointerTo(pointer, 'always'));
  add('done', state.path, written.onDone, pointerTo(pointer, 'onDone'));
  for (const { written: invoke, pointer: at } of invokes) {
    add('child-done', invoke.id, invoke.onDone, pointerTo(at, 'onDone'));
    add('child-error', invoke.id, invoke.onError, pointerTo(at, 'onError'));
  }
  return [...lists, ...delayedMoves(state, ids)];
}

function delayedMoves(state: ModelState, ids: ReadonlyMap<string, ModelState>): (readonly Move[])[] {
  const { after = {} } = state.written;
  const base = pointerTo(state.pointer, 'after');
  const byDelay = new Map<string, Move[]>();
  const add = (delay: string, written: TransitionSource, pointer: string): void => {
    const target = written.target === undefined ? null : targetOf(state, written.target, ids);
    const move: Move = { pointer, kind: 'after', on: delay, source: state, written, target };
    byDelay.set(delay, [...(byDelay.get(delay) ?? []), move]);
  };
  if (Array.isArray(after)) {
    listOf(after as Exclude<typeof after, Readonly<Record<string, TransitionsSource>>>).forEach(
      ({ delay, ...written }, index) => add(celOf(delay) ?? String(delay as string), written, pointerTo(base, index)),
    );
  } else {
    for (const [delay, given] of Object.entries(after as Readonly<Record<string, TransitionsSource>>)) {
      const place = pointerTo(base, delay);
      transitionsOf(given).forEach((written, index) =>
        add(delay, written, Array.isArray(given) ? pointerTo(place, index) : place),
      );
    }
  }
  return [...byDelay.values()];
}

/** As XState finds targets: `name` beside the state, `.name` inside it, `#id` anywhere, each with a path behind it. */
function targetOf(state: ModelState, target: string, ids: ReadonlyMap<string, ModelState>): ModelState | 'unknown' {
  if (target.startsWith('#')) {
    const [id = '', ...path] = target.slice(1).split('.');
    return inside(ids.get(id), path);
  }
  if (target.startsWith('.')) {
    return inside(state, target.slice(1).split('.'));
  }
  return state.parent === null ? 'unknown' : inside(state.parent, target.split('.'));
}

function inside(state: ModelState | undefined, path: readonly string[]): ModelState | 'unknown' {
  const found = path.reduce<ModelState | undefined>(
    (at, name) => at?.states.find((inner) => inner.name === name),
    state,
  );
  return found ?? 'unknown';
}

/** The lists of actions of a state and its transitions, each with its place. */
export function actionListsOf(state: ModelState): { readonly pointer: string; readonly actions: ActionsSource }[] {
  const own = (['entry', 'exit'] as const).map((name) => ({
    pointer: pointerTo(state.pointer, name),
    actions: state.written[name],
  }));
  const moved = state.moves.flat().map(({ pointer, written }) => ({
    pointer: pointerTo(pointer, 'actions'),
    actions: written.actions,
  }));
  return [...own, ...moved].flatMap(({ pointer, actions }) => (actions === undefined ? [] : [{ pointer, actions }]));
}
