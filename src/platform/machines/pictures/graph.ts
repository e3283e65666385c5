// A chart as plain data: its states, nested, and its transitions with their words. Reads XState's nodes and runs nothing.
// Called by the renderers of pictures.ts and by marks.ts.
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import { delayWords, eventWords, guardWords, namesOf } from './words.ts';

/** More is no picture anybody reads, and no layout that ends soon. */
export const pictureLimits = { states: 400, transitions: 1_500, depth: 20 } as const;

/** What a box is. A region is what it is by its parent: a child of a `parallel` one. */
export type StateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

/** One state, with the states inside it. The root is the machine. */
export interface GraphState {
  /** As XState names it: unique in the chart. */
  readonly id: string;
  /** Names from the root, joined by dots; the root's is empty. */
  readonly path: string;
  readonly name: string;
  readonly kind: StateKind;
  readonly deep: boolean;
  /** The id of the state that is entered first, for compound states; of the default, for history. */
  readonly initial: string | null;
  /** Names of actions. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly invoke: readonly string[];
  /** Transitions without a target: `EVENT [guard] / action`. */
  readonly inside: readonly GraphTransition[];
  readonly tags: readonly string[];
  readonly description: string;
  readonly states: readonly GraphState[];
}

/** One arrow. A transition with several targets is several arrows with the same words. */
export interface GraphTransition {
  /** `t<n>`, by place in the chart. */
  readonly id: string;
  readonly source: string;
  /** Null: it stays where it is. */
  readonly target: string | null;
  readonly kind: 'event' | 'after' | 'always' | 'done' | 'error';
  /** The type of its event without XState's prefix: `PAY`, `after.patience.order.open`, `done.actor.charge`, ''. */
  readonly event: string;
  /** For people: `after 3 d`, `charge is done`. */
  readonly label: string;
  readonly guard: string;
  readonly actions: readonly string[];
  /** What the chart says the wait is, where that is a number. */
  readonly delayMs: number | null;
}

/** A whole chart. */
export interface PictureGraph {
  readonly type: string;
  readonly version: number;
  readonly root: GraphState;
  readonly transitions: readonly GraphTransition[];
}

/** What a picture is made of; the rest of a definition does not show. */
export type Charted = Pick<MachineDefinition, 'type' | 'version' | 'machine'>;

const graphs = new WeakMap<AnyStateMachine, PictureGraph>();

/** The chart of a definition as data, made once. Throws MachineFault where it is larger than `pictureLimits`. */
export function graphOf(definition: Charted): PictureGraph {
  const known = graphs.get(definition.machine);
  if (known && known.type === definition.type && known.version === definition.version) {
    return known;
  }
  const { type, version, machine } = definition;
  const count = { states: 0, transitions: 0 };
  const root = stateOf(machine, machine.root as unknown as AnyStateNode, count, 0);
  const transitions = statesOf(root).flatMap((state) => arrows.get(state) ?? []);
  const graph = { type, version, root, transitions };
  graphs.set(machine, graph);
  return graph;
}

/** All states, each before those inside it. */
export function statesOf(root: GraphState): GraphState[] {
  return [root, ...root.states.flatMap(statesOf)];
}

/** The arrows out of a state while the graph is made. */
const arrows = new WeakMap<GraphState, readonly GraphTransition[]>();

interface Count {
  states: number;
  transitions: number;
}

function stateOf(machine: AnyStateMachine, node: AnyStateNode, count: Count, depth: number): GraphState {
  count.states += 1;
  const { states: most, transitions: mostArrows, depth: deepest } = pictureLimits;
  if (count.states > most || depth > deepest) {
    throw new MachineFault(`A picture holds ${most} states, ${deepest} deep; this chart has more`);
  }
  const own = transitionsOf(machine, node, count);
  if (count.transitions > mostArrows) {
    throw new MachineFault(`A picture holds ${mostArrows} transitions; this chart has more`);
  }
  const children = Object.values(node.states as Record<string, AnyStateNode>);
  const state: GraphState = {
    id: node.id,
    path: node.path.join('.'),
    name: node.key,
    kind: node.type,
    deep: node.type === 'history' && node.history === 'deep',
    initial: initialOf(machine, node),
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    invoke: node.invoke.map(({ id, src }) => (typeof src === 'string' && !src.startsWith('xstate.') ? src : id)),
    inside: own.filter(({ target }) => target === null),
    tags: [...node.tags],
    description: typeof node.description === 'string' ? node.description : '',
    states: children.map((child) => stateOf(machine, child, count, depth + 1)),
  };
  arrows.set(
    state,
    own.filter(({ target }) => target !== null),
  );
  return state;
}

function initialOf(machine: AnyStateMachine, node: AnyStateNode): string | null {
  if (node.type === 'compound') {
    return node.initial.target?.[0]?.id ?? null;
  }
  return node.type === 'history' ? defaultOf(machine, node) : null;
}

function defaultOf(machine: AnyStateMachine, node: AnyStateNode): string | null {
  const target: unknown = (node.config as { target?: unknown }).target;
  if (typeof target !== 'string') {
    return null;
  }
  if (target.startsWith('#')) {
    return target.slice(1);
  }
  const path = [...(node.parent?.path ?? []), ...target.replace(/^\./u, '').split('.')];
  return nodeAt(machine, path)?.id ?? null;
}

function nodeAt(machine: AnyStateMachine, path: readonly string[]): AnyStateNode | undefined {
  let found: AnyStateNode | undefined = machine.root as unknown as AnyStateNode;
  for (const key of path) {
    found = (found?.states as Record<string, AnyStateNode> | undefined)?.[key];
  }
  return found;
}

type AnyTransition = NonNullable<AnyStateNode['always']>[number];

function transitionsOf(machine: AnyStateMachine, node: AnyStateNode, count: Count): GraphTransition[] {
  const delays = new Map(node.after.map(({ eventType, delay }) => [eventType as string, delay as unknown]));
  const all: AnyTransition[] = [...node.transitions.values()].flat().concat(node.always ?? []);
  return all.flatMap((transition) => {
    const type = transition.eventType;
    const delay = delays.get(type);
    const known = delay === undefined ? null : delayWords(machine, delay);
    const described = {
      source: node.id,
      kind: kindOf(type, known !== null),
      event: known ? `after.${String(delay)}.${node.id}` : eventKey(type),
      label: known ? `after ${known.text}` : eventWords(type, node.id),
      guard: guardWords(transition.guard),
      actions: namesOf(transition.actions),
      delayMs: known?.ms ?? null,
    };
    return (transition.target ?? [null]).map((target) => {
      count.transitions += 1;
      return { id: `t${count.transitions}`, ...described, target: target ? target.id : null };
    });
  });
}

function kindOf(type: string, delayed: boolean): GraphTransition['kind'] {
  if (delayed) {
    return 'after';
  }
  if (type === '') {
    return 'always';
  }
  return type.startsWith('xstate.done.') ? 'done' : type.startsWith('xstate.error.') ? 'error' : 'event';
}

/** An event's type without the prefix XState gives its own, as graphs and stored steps spell it. */
export function eventKey(type: string): string {
  return type.replace(/^xstate\./u, '');
}
