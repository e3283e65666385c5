// A stored snapshot as XState works with it, and the way back. Called by the kernel and by what asks it questions.
import { getNextTransitions, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import type { Chart } from './chart.ts';
import { storedChildren, withChildren, type Child } from './children.ts';
import type { MachineDefinition } from './definition.ts';
import { MachineFault } from './fault.ts';
import { toJson, type Json } from './json.ts';

/** The snapshot of a chart at work, from its stored form. Throws where the chart does not know the state. */
export function restore({ machine, scope }: Chart, stored: Json): AnyMachineSnapshot {
  // A copy: an action that writes into its context must not reach what the caller keeps.
  const copy = toJson(stored, 'The stored snapshot') as { readonly [member: string]: Json };
  const bare = { ...copy, children: {} } as unknown as Parameters<AnyStateMachine['restoreSnapshot']>[0];
  return withChildren(machine.restoreSnapshot(bare, scope) as AnyMachineSnapshot, copy);
}

/** What is stored of a snapshot. */
export interface Stored {
  readonly [member: string]: Json;
  readonly context: Json;
}

/** The stored form of a snapshot and its children. */
export function persist(
  { machine }: Chart,
  snapshot: AnyMachineSnapshot,
  children: readonly Child[],
  generations: ReadonlyMap<string, number>,
): Stored {
  const bare = Object.keys(snapshot.children).length === 0 ? snapshot : { ...snapshot, children: {} };
  const stored = toJson(machine.getPersistedSnapshot(bare), 'The snapshot') as Stored;
  return generations.size === 0 ? stored : { ...stored, ...storedChildren(children, generations) };
}

/** The declared event types that a snapshot has a transition for, guards aside. */
export function acceptedBy(definition: MachineDefinition, snapshot: AnyMachineSnapshot): string[] {
  if (snapshot.status !== 'active') {
    return [];
  }
  const descriptors = getNextTransitions(snapshot).map((transition) => transition.eventType);
  return Object.keys(definition.events).filter((type) => descriptors.some((descriptor) => matches(type, descriptor)));
}

/** As XState matches event descriptors: the type itself, `*`, or a prefix that ends in `.*`. */
export function matches(type: string, descriptor: string): boolean {
  return (
    descriptor === type ||
    descriptor === '*' ||
    (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)))
  );
}

/** Runs `body`; whatever it throws is a MachineFault that names the machine. */
export function guarded<Result>(definition: MachineDefinition, what: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw new MachineFault(`The machine ${definition.type} ${what}`, error);
  }
}
