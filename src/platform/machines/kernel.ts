// The only place that runs XState: from a stored snapshot and an event to the next one, with everything else as data.
// Pure: no clock, no I/O, no living actor. Called by instance.ts; stored rows hold this project's names, not XState's.
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { isReserved, outcomeOf, type Action } from './actions.ts';
import { chartOf, type Chart } from './chart.ts';
import { childrenOf, type Child } from './children.ts';
import type { MachineDefinition } from './definition.ts';
import { MachineFault } from './fault.ts';
import type { Json } from './json.ts';
import { acceptedBy, guarded, persist, restore } from './restore.ts';
import type { ChildRef, MachineEventInput, NotAccepted, SendTarget, StateValue, Step, Trigger } from './step.ts';
import { within, type Surroundings } from './surroundings.ts';

export { isReserved } from './actions.ts';
export type {
  ChildRef,
  Effect,
  MachineEventInput,
  MachineStatus,
  NotAccepted,
  StateValue,
  Step,
  TimerDraft,
  Trigger,
} from './step.ts';
export type { Surroundings } from './surroundings.ts';

/** The first step of a new instance. Throws MachineFault where the chart cannot start. */
export function start(definition: MachineDefinition, input: unknown, around: Surroundings): Step {
  const chart = chartOf(definition);
  return guarded(definition, 'could not start', () => {
    const actions: Action[] = [];
    const scope = scopeOf(chart, actions);
    const begin = (): AnyMachineSnapshot => chart.machine.getInitialSnapshot(scope, input) as AnyMachineSnapshot;
    const snapshot = within({ ...around, tags: [] }, begin);
    // XState reports a failed start as a snapshot that looks like any other.
    if (snapshot.status === 'error') {
      throw snapshot.error;
    }
    return stepOf(chart, null, snapshot, actions, around.now);
  });
}

/**
 * The step an event from outside causes. Throws MachineFault where the chart fails or the type is reserved: doors
 * refuse reserved types before.
 */
export function step(
  definition: MachineDefinition,
  snapshot: Json,
  event: MachineEventInput,
  around: Surroundings,
): Step | NotAccepted {
  if (isReserved(event.type)) {
    throw new MachineFault(`Events of the type ${event.type || '(empty)'} cannot be sent`);
  }
  return take(definition, snapshot, event, around);
}

/**
 * The step a due timer causes. An event for a child or the parent leaves everything as it is and stands in `sends`.
 * Throws MachineFault where the chart fails.
 */
export function fire(
  definition: MachineDefinition,
  snapshot: Json,
  trigger: Trigger,
  around: Surroundings,
): Step | NotAccepted {
  switch (trigger.kind) {
    case 'raise':
      return step(definition, snapshot, trigger.event, around);
    case 'send':
      return passOn(definition, snapshot, trigger, around);
    case 'after':
      return take(definition, snapshot, { type: `xstate.after.${trigger.delay}.${trigger.state}` }, around);
  }
}

/**
 * The step a child causes that has come to its end with `output`. Not accepted where this life of the child is over for
 * the machine: it left the state that invoked it, or began it anew. Throws MachineFault where the chart fails.
 */
export function complete(
  definition: MachineDefinition,
  snapshot: Json,
  child: ChildRef,
  output: Json,
  around: Surroundings,
): Step | NotAccepted {
  const event = { type: `xstate.done.actor.${child.id}`, output, actorId: child.id };
  return settle(definition, snapshot, child, event, around);
}

/**
 * The step a child causes that has failed. As `complete`; a machine that does not say what to do then has failed, too:
 * its status is `error`, and `error` is the child's.
 */
export function fail(
  definition: MachineDefinition,
  snapshot: Json,
  child: ChildRef,
  error: Json,
  around: Surroundings,
): Step | NotAccepted {
  const event = { type: `xstate.error.actor.${child.id}`, error, actorId: child.id };
  return settle(definition, snapshot, child, event, around);
}

/**
 * The step that ends an instance from outside: its children are among `stops`, its status is `stopped`. No exit action
 * runs. Not accepted where it has ended already. Throws MachineFault where the snapshot is not the chart's.
 */
export function stop(definition: MachineDefinition, snapshot: Json, around: Surroundings): Step | NotAccepted {
  return moved(definition, snapshot, { type: 'xstate.stop' }, around, (_, before) => before);
}

/**
 * The snapshot of a chart without regions that stands at a state: for documents that keep state and context themselves,
 * where a whole instance would only repeat them.
 */
export function snapshotAt(state: string, context: Json): Json {
  return { status: 'active', value: state, context, children: {}, historyValue: {} };
}

/** The declared event types that an instance has a transition for, in the order of the definition; guards aside. */
export function accepts(definition: MachineDefinition, snapshot: Json): string[] {
  const chart = chartOf(definition);
  return guarded(definition, 'cannot be restored', () => acceptedBy(definition, restore(chart, snapshot)));
}

/** The tags of the states a value names. Throws MachineFault where the chart does not know one. */
export function tagsAt(definition: MachineDefinition, value: StateValue): string[] {
  const { machine } = chartOf(definition);
  return guarded(definition, 'does not know the state', () => [...machine.resolveState({ value, context: {} }).tags]);
}

function take(
  definition: MachineDefinition,
  stored: Json,
  event: EventObject,
  around: Surroundings,
): Step | NotAccepted {
  return moved(definition, stored, event, around, (chart, before) =>
    // The same snapshot afterwards is no sign: an event that only causes actions keeps it, too.
    chart.machine.getTransitionData(before, event).length === 0 ? null : before,
  );
}

function settle(
  definition: MachineDefinition,
  stored: Json,
  { id, generation }: ChildRef,
  event: EventObject,
  around: Surroundings,
): Step | NotAccepted {
  return moved(definition, stored, event, around, (_, before) => {
    const child = (before.children as Record<string, Child | undefined>)[id];
    if (child?.generation !== generation || child.ended) {
      return null;
    }
    return Object.assign(before, { children: { ...before.children, [id]: { ...child, ended: true } } });
  });
}

/** Takes the event from where `from` says; null there: it is not accepted. */
function moved(
  definition: MachineDefinition,
  stored: Json,
  event: EventObject,
  around: Surroundings,
  from: (chart: Chart, before: AnyMachineSnapshot) => AnyMachineSnapshot | null,
): Step | NotAccepted {
  const chart = chartOf(definition);
  return guarded(definition, `failed on ${event.type}`, () => {
    const restored = restore(chart, stored);
    const seen = { ...around, tags: [...restored.tags] };
    const actions: Action[] = [];
    const after = within(seen, () => {
      const before = restored.status === 'active' ? from(chart, restored) : null;
      return before && (chart.machine.transition(before, event, scopeOf(chart, actions)) as AnyMachineSnapshot);
    });
    return after
      ? stepOf(chart, stored, after, actions, around.now)
      : { accepted: false, accepts: acceptedBy(definition, restored) };
  });
}

/** A delayed event for somebody else: the machine itself does not move. */
function passOn(
  definition: MachineDefinition,
  stored: Json,
  { to, event }: { readonly to: SendTarget; readonly event: MachineEventInput },
  around: Surroundings,
): Step | NotAccepted {
  const chart = chartOf(definition);
  return guarded(definition, `failed on ${event.type}`, () => {
    const standing = restore(chart, stored);
    const heard =
      to === 'parent' ||
      childrenOf(stored).some(({ id, generation, ended }) => id === to.id && generation === to.generation && !ended);
    return standing.status === 'active' && heard
      ? { ...stepOf(chart, stored, standing, [], around.now), sends: [{ to, event }] }
      : { accepted: false, accepts: acceptedBy(definition, standing) };
  });
}

function scopeOf(chart: Chart, actions: Action[]): Chart['scope'] {
  return { ...chart.scope, actionExecutor: (action) => actions.push(action) };
}

function stepOf(
  chart: Chart,
  before: Json | null,
  snapshot: AnyMachineSnapshot,
  actions: readonly Action[],
  now: Date,
): Step {
  const { lists, children, generations } = outcomeOf(chart, before, snapshot, actions, now);
  const stored = persist(chart, snapshot, children, generations);
  return {
    accepted: true,
    snapshot: stored,
    value: snapshot.value as StateValue,
    status: snapshot.status,
    context: stored.context,
    tags: [...snapshot.tags],
    output: stored['output'] ?? null,
    error: stored['error'] ?? null,
    ...lists,
  };
}
