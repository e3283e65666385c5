// Shapes of charts: of one as data, with places in its source, and of one in code, by XState's own nodes.
import { chartOf, type AnyStateNode } from '../chart.ts';
import type { MachineDefinition } from '../definition.ts';
import { pointerTo, type Lint } from './findings.ts';
import type { Model, ModelState, Move } from './model.ts';
import { shapeFindings, type ShapeMove, type ShapeState } from './shape.ts';

interface Draft extends ShapeState {
  states: Draft[];
  initial: ShapeState | null;
  moves: readonly ShapeMove[];
}

/** The shape of a definition as data. Targets that are unknown lead nowhere. */
export function shapeOfModel({ root, states }: Model): ShapeState {
  const drafts = new Map<ModelState, Draft>();
  const draft = (state: ModelState, parent: Draft | null): Draft => {
    const { pointer, path: name, written } = state;
    const kind = written.type ?? (state.states.length > 0 ? 'compound' : 'atomic');
    const invokes = state.invokes.length > 0;
    const made: Draft = { pointer, name, kind, parent, invokes, states: [], initial: null, moves: [] };
    drafts.set(state, made);
    made.states = state.states.map((inner) => draft(inner, made));
    return made;
  };
  const shape = draft(root, null);
  const at = (state: ModelState | null | 'unknown' | undefined): Draft | null =>
    state && state !== 'unknown' ? (drafts.get(state) ?? null) : null;
  for (const state of states) {
    const made = drafts.get(state) as Draft;
    made.moves = state.moves.flatMap((list) => list.map((move, index) => moveOf(move, list.slice(0, index), at)));
    made.initial =
      made.kind === 'history' && state.fallback !== null
        ? at(state.fallback)
        : at(state.states.find(({ name }) => name === state.written.initial));
  }
  return shape;
}

function moveOf(move: Move, earlier: readonly Move[], at: (state: Move['target']) => ShapeState | null): ShapeMove {
  return {
    pointer: move.pointer,
    target: at(move.target),
    eventless: move.kind === 'always',
    guarded: [...earlier, move].some(({ written }) => written.guard !== undefined),
  };
}

/** Lint of a chart in code, or of a compiled one: its shape. Paths are as in its form as data. */
export function lintMachine(definition: MachineDefinition): Lint {
  const root = chartOf(definition).machine.root as unknown as AnyStateNode;
  const drafts = new Map<string, Draft>();
  const draft = (node: AnyStateNode, parent: Draft | null): Draft => {
    const pointer = parent === null ? '' : pointerTo(parent.pointer, 'states', node.key);
    const invokes = node.invoke.length > 0;
    const name = node.path.join('.');
    const made: Draft = { pointer, name, kind: node.type, parent, invokes, states: [], initial: null, moves: [] };
    drafts.set(node.id, made);
    made.states = childrenOf(node).map((child) => draft(child, made));
    return made;
  };
  const shape = draft(root, null);
  link(root, drafts);
  return shapeFindings(shape);
}

function link(node: AnyStateNode, drafts: ReadonlyMap<string, Draft>): void {
  const made = drafts.get(node.id) as Draft;
  const lists = [...node.transitions.values(), node.always ?? []] as readonly (readonly Linked[])[];
  made.moves = lists.flatMap((list) =>
    list.flatMap(({ target, guard, eventType }, index) => {
      const guarded = guard !== undefined || list.slice(0, index).some((before) => before.guard !== undefined);
      const move = { pointer: made.pointer, eventless: eventType === '', guarded };
      return (target ?? [null]).map((to) => ({ ...move, target: to ? (drafts.get(to.id) ?? null) : null }));
    }),
  );
  if (node.type === 'compound') {
    made.initial = drafts.get(node.initial.target?.[0]?.id ?? '') ?? null;
  }
  childrenOf(node).forEach((child) => link(child, drafts));
}

interface Linked {
  readonly target: readonly { readonly id: string }[] | undefined;
  readonly guard: unknown;
  readonly eventType: string;
}

function childrenOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states as Record<string, AnyStateNode>);
}
