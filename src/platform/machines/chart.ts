// A definition made ready to run: checked once, with a bound on its steps. Used by the kernel only.
import { createActor, type AnyActorScope, type AnyStateMachine, type StateNode } from 'xstate';
import type { MachineDefinition } from './definition.ts';

/** Microsteps one event may cause. A cycle of `always` transitions ends there with an error, not never. */
const maxIterations = 100;

/** Built-in actions the kernel can carry out: those that leave data behind or are folded into the next state. */
const builtIns: ReadonlySet<string> = new Set(['xstate.assign', 'xstate.raise', 'xstate.cancel']);

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
  /** What XState wants to know about its surroundings; nothing in it acts. */
  readonly scope: AnyActorScope;
}

type AnyStateNode = StateNode<never, never>;

const charts = new WeakMap<AnyStateMachine, Chart>();

/**
 * The chart of a definition, checked at first use. Throws where XState would go on in silence: an unknown action or
 * delay, an inline action, an invoked or spawned actor.
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
  // A copy, because the bound is set on the machine itself.
  const machine = definition.machine.provide({}) as AnyStateMachine;
  machine.options = {
    ...machine.options,
    maxIterations: Math.min(machine.options.maxIterations ?? maxIterations, maxIterations),
  };
  const nodes = nodesOf(machine.root as unknown as AnyStateNode);
  const wrong = nodes.flatMap((node) => problemsOf(machine, node));
  if (wrong.length > 0) {
    throw new Error(`The machine ${definition.type} cannot be run: ${[...new Set(wrong)].join('; ')}`);
  }
  return { machine, afters: aftersOf(nodes), scope: inertScope(machine) };
}

/**
 * One scope for each chart. `transition()` of XState makes an actor for every call, which is 85 % of its time; a chart
 * without actors never looks at it. The kernel's test holds both to the same results.
 */
function inertScope(machine: AnyStateMachine): AnyActorScope {
  const self = createActor(machine);
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
    ...(node.invoke.length > 0 ? [`${node.id} invokes an actor`] : []),
    ...actions.flatMap((action) => problemOf(machine, node, action)),
  ];
}

function problemOf(machine: AnyStateMachine, node: AnyStateNode, action: unknown): string[] {
  const { actions, delays } = machine.implementations;
  const { type, delay, resolve } = describe(action, actions as Record<string, unknown>);
  if (typeof action === 'function' && resolve === undefined) {
    return [`${node.id} has an inline action; name it, effects are data`];
  }
  if (resolve !== undefined && !builtIns.has(type)) {
    return [`${node.id} uses ${type}, which the kernel does not carry out`];
  }
  if (resolve === undefined && !(type in actions)) {
    return [`${node.id} names the action ${type}, which the chart does not declare`];
  }
  return typeof delay === 'string' && !(delay in delays)
    ? [`${node.id} names the delay ${delay}, which is unknown`]
    : [];
}

interface Described {
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
  const behind = declared[type];
  return typeof behind === 'function' && 'resolve' in behind ? (behind as unknown as Described) : { type };
}
