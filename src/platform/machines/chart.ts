// A definition made ready to run: checked once, with a bound on its steps. Used by the kernel only.
import {
  createActor,
  createMachine,
  type ActorLogic,
  type AnyActorScope,
  type AnyEventObject,
  type AnyStateMachine,
  type Snapshot,
  type StateNode,
} from 'xstate';
import type { MachineDefinition } from './definition.ts';
import { MachineFault } from './fault.ts';

/**
 * Microsteps one event may cause. A cycle of `always` transitions ends there with an error, not never. Published charts
 * count to a hundred by such a cycle (test/scxml).
 */
const maxIterations = 200;

/** Built-in actions the kernel can carry out: those that leave data behind or are folded into the next state. */
const builtIns: ReadonlySet<string> = new Set(
  ['assign', 'raise', 'cancel', 'sendTo', 'spawnChild', 'stopChild', 'emit', 'log', 'enqueueActions'].map(
    (name) => `xstate.${name}`,
  ),
);

/** An `after` of a state, by our own names. */
export interface AfterTrigger {
  readonly kind: 'after';
  readonly state: string;
  /** As the chart writes it: milliseconds or the name of a delay. */
  readonly delay: string;
}

/** A checked chart and what the kernel needs to know of it. */
export interface Chart {
  readonly machine: AnyStateMachine;
  /** By the event type XState gives each `after`. */
  readonly afters: ReadonlyMap<string, AfterTrigger>;
  /** Ids of the children that its states invoke. */
  readonly invokes: ReadonlySet<string>;
  /** What XState wants to know about its surroundings; nothing in it acts. */
  readonly scope: AnyActorScope;
}

/** A state of a chart, as XState keeps it. */
export type AnyStateNode = StateNode<never, never>;

const charts = new WeakMap<AnyStateMachine, Chart>();

/**
 * The chart of a definition, checked at first use. Throws where XState would go on in silence: an unknown action or
 * delay, an inline action, a child that is code and not a name.
 */
export function chartOf(definition: MachineDefinition): Chart {
  let chart = charts.get(definition.machine);
  if (!chart) {
    chart = prepare(definition);
    charts.set(definition.machine, chart);
  }
  return chart;
}

function prepare(definition: MachineDefinition): Chart {
  // A copy, because the bound and the stand-ins are set on the machine itself.
  const machine = definition.machine.provide({}) as AnyStateMachine;
  machine.options = {
    ...machine.options,
    maxIterations: Math.min(machine.options.maxIterations ?? maxIterations, maxIterations),
  };
  machine.implementations = {
    ...machine.implementations,
    actors: stillChildren,
    delays: strict(machine.implementations.delays),
  };
  const nodes = nodesOf(machine.root as unknown as AnyStateNode);
  const wrong = nodes.flatMap((node) => problemsOf(machine, node));
  if (wrong.length > 0) {
    throw new Error(`The machine ${definition.type} cannot be run: ${[...new Set(wrong)].join('; ')}`);
  }
  const invokes = new Set(nodes.flatMap((node) => node.invoke.map(({ id }) => id)));
  return { machine, afters: aftersOf(nodes), invokes, scope: inertScope() };
}

/** What stands for every child: its real life is an instance or a work row of its own. */
const still: ActorLogic<Snapshot<unknown>, AnyEventObject> = {
  transition: (snapshot) => snapshot,
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  getPersistedSnapshot: (snapshot) => snapshot,
};

const stillChildren = new Proxy<Record<string, typeof still>>({}, { get: () => still });

/**
 * The delays of a chart, throwing on a name they lack, where XState would fire at once. Names that are written are
 * checked before; this is for those that code in `enqueueActions` makes up.
 */
function strict<Table extends object>(delays: Table): Table {
  const refuse = (_: unknown, name: string | symbol): never => {
    throw new MachineFault(`There is no delay of the name ${String(name)} in the chart`);
  };
  // Behind the table's own members, so that those cost no more than before.
  return Object.assign(Object.create(new Proxy({}, { get: refuse })) as Table, delays);
}

/**
 * One scope for each chart. `transition()` of XState makes an actor for every call, which is 85 % of its time; the
 * kernel only needs to know who is meant by `self` and `parent`. Its test holds both to the same results.
 */
function inertScope(): AnyActorScope {
  const self = createActor(nobody, { id: '' });
  Object.assign(self, { _parent: createActor(nobody, { id: '' }) });
  return {
    self,
    id: '',
    sessionId: '',
    system: self.system,
    logger: ignore,
    defer: ignore,
    emit: ignore,
    stopChild: ignore,
    actionExecutor: ignore,
  };
}

const nobody = createMachine({});

function ignore(): void {
  // A scope that only computes has nothing to do here.
}

function nodesOf(root: AnyStateNode): AnyStateNode[] {
  return [root, ...Object.values(root.states as Record<string, AnyStateNode>).flatMap(nodesOf)];
}

function aftersOf(nodes: readonly AnyStateNode[]): Map<string, AfterTrigger> {
  const afters = new Map<string, AfterTrigger>();
  for (const node of nodes) {
    for (const transition of node.after) {
      afters.set(transition.eventType, { kind: 'after', state: node.id, delay: String(transition.delay) });
    }
  }
  return afters;
}

function problemsOf(machine: AnyStateMachine, node: AnyStateNode): string[] {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []);
  const actions: unknown[] = [
    ...node.entry,
    ...node.exit,
    ...(node.type === 'compound' ? node.initial.actions : []),
    ...transitions.flatMap((transition) => transition.actions),
  ];
  return [
    ...node.invoke.flatMap((invoke) => childProblems(node, invoke)),
    ...actions.flatMap((action) => problemOf(machine, node, action)),
  ];
}

interface ChildConfig {
  readonly src?: unknown;
  readonly id?: unknown;
  readonly systemId?: unknown;
  readonly onSnapshot?: unknown;
}

/** What is wrong with a child: it is no name, it would share a name with others, or it would have to be alive. */
function childProblems(node: AnyStateNode, { src, id, systemId, onSnapshot }: ChildConfig): string[] {
  return [
    ...(typeof src !== 'string' || src.startsWith('xstate.') ? [`${node.id} begins an inline child; name it`] : []),
    ...(id === undefined || id === '' ? [`${node.id} begins a child without an id`] : []),
    ...(systemId === undefined ? [] : [`${node.id} gives a child a systemId; instances have ids of their own`]),
    ...(onSnapshot === undefined ? [] : [`${node.id} watches a child by onSnapshot; let the child send events`]),
  ];
}

function problemOf(machine: AnyStateMachine, node: AnyStateNode, action: unknown): string[] {
  const { actions, delays } = machine.implementations;
  const described = describe(action, actions as Record<string, unknown>);
  const { type, delay, resolve } = described;
  if (typeof action === 'function' && resolve === undefined) {
    return [`${node.id} has an inline action; name it, effects are data`];
  }
  if (resolve !== undefined && !builtIns.has(type)) {
    return [`${node.id} uses ${type}, which the kernel does not carry out`];
  }
  if (resolve === undefined && !Object.hasOwn(actions, type)) {
    return [`${node.id} names the action ${type}, which the chart does not declare`];
  }
  if (type === 'xstate.spawnChild') {
    return childProblems(node, described);
  }
  return typeof delay === 'string' && !Object.hasOwn(delays, delay)
    ? [`${node.id} names the delay ${delay}, which is unknown`]
    : [];
}

interface Described extends ChildConfig {
  readonly type: string;
  readonly delay?: unknown;
  /** Only XState's own actions have one. */
  readonly resolve?: unknown;
}

/** An action as written, or the built-in one its name stands for. */
function describe(action: unknown, declared: Record<string, unknown>): Described {
  if (typeof action === 'function') {
    return action as unknown as Described;
  }
  const type = typeof action === 'string' ? action : (action as Described).type;
  const behind = Object.hasOwn(declared, type) ? declared[type] : undefined;
  return typeof behind === 'function' && 'resolve' in behind ? (behind as unknown as Described) : { type };
}
