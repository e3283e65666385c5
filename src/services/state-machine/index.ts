// The front door of the state-machine service.
import type { Caller } from '#src/platform/http/route.ts';
import type { Service } from '#src/platform/registry.ts';
import { createInstance, fireTimer, sendEvent } from './state-machine.commands.ts';
import { canRead } from './state-machine.policy.ts';
import { ownerOf } from './state-machine.queries.ts';
import { routes } from './state-machine.routes.ts';
import { subscriptions } from './state-machine.subscriptions.ts';

/** Machines: created, moved by events and timers, read, with a history that shows tampering. */
export const stateMachineService: Service = {
  name: 'state-machine',
  routes,
  commands: [createInstance, sendEvent, fireTimer],
  subscriptions,
};

/** True where the caller may read a machine, and so join its feed `machine.<type>.<id>`. */
export function mayReadInstance(caller: Pick<Caller, 'userId' | 'can'>, type: string, id: string): boolean {
  return canRead(caller, ownerOf(type, id) ?? null);
}
