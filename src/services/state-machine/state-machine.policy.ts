// Who may see, create and move a machine: pure functions over who asks and whom the instance concerns.
import { defineAccess, may, thoseOneMay, type Asker, type Condition } from '#src/platform/auth/abilities.ts';
import type { Command } from '#src/platform/commands/command.ts';
import type { MachineEvent, MachinePeople, Principal } from '#src/platform/machines/definition.ts';
import { standsFor } from '#src/platform/machines/people.ts';
import { instanceId, type StepRef } from '#src/platform/machines/store.ts';
import type { MachineAsker, SendInput } from './state-machine.schema.ts';

function namesOf({ userId, roles }: Asker): string[] {
  return ['anyone', ...(userId === '' ? [] : [`user.${userId}`]), ...roles.map((role) => `role.${role}`)];
}

/** Who may read a machine: whoever its definition names, and who may read or operate any. */
const machineAccess = defineAccess<{ readonly readers: readonly string[] }>('machine', {
  read: [
    { permission: 'machine.read.any' },
    { permission: 'machine.operate' },
    { where: (asker) => ({ readers: { $in: namesOf(asker) } }) },
  ],
});

/** True where the caller may read an instance. */
export function canRead(caller: Asker, { readers }: { readonly readers: readonly string[] }): boolean {
  return may(caller, 'read', machineAccess, { readers });
}

/** The instances the caller may read, as a filter: the list shows what the single read does. */
export function thoseReadableBy(caller: Asker): Condition {
  return thoseOneMay(caller, 'read', machineAccess);
}

/** The caller as commands of this service are told of them. */
export function askerFor(caller: Asker): MachineAsker {
  return {
    names: namesOf(caller),
    operates: caller.can('machine.operate'),
    readsAny: caller.can('machine.read.any'),
  };
}

/** Who a command is for. Rows of the product itself name nobody: they come from `system` alone, which may do everything. */
export function askerOf({ actor, input: { asker } }: Command<{ asker?: MachineAsker | undefined }>): MachineAsker {
  const own = actor === 'system';
  return asker ?? { names: [], operates: own, readsAny: own };
}

/** Of what somebody might do when they asked, what they may still do: what they lost meanwhile does not count. */
export function stillAsking(asker: MachineAsker, now: Asker | null): MachineAsker {
  const { names, operates, readsAny } = now ? askerFor(now) : { names: [], operates: false, readsAny: false };
  return {
    names: asker.names.filter((name) => names.includes(name)),
    operates: asker.operates && operates,
    readsAny: asker.readsAny && readsAny,
  };
}

/** As `canRead`, where a command is decided. */
export function mayRead(asker: MachineAsker, readers: readonly string[]): boolean {
  return asker.operates || asker.readsAny || overlap(asker.names, readers);
}

/** True where one of the principals stands for who asks. */
export function mayDo(asker: MachineAsker, principals: readonly Principal[], people: MachinePeople): boolean {
  return asker.operates || overlap(asker.names, standsFor(principals, people));
}

/** What of an instance says who may move it. */
type Movable = MachinePeople & { readonly readers: readonly string[]; readonly forkedFrom?: StepRef };

/**
 * Sending: `yes`; `forbidden` for somebody who may see the machine and not send this; `hidden` for everybody else.
 * An event the machine does not declare is left to the machine, for whoever could send any of its events.
 */
export function maySend(
  asker: MachineAsker,
  instance: Movable,
  event: MachineEvent | undefined,
): 'yes' | 'forbidden' | 'hidden' {
  return mayMove(asker, instance, event?.from ?? ['owner', 'member']);
}

/** Cancelling: as `maySend`, for those whom the definition names. */
export function mayCancel(
  asker: MachineAsker,
  instance: Movable,
  { cancel = [] }: { readonly cancel?: readonly Principal[] | undefined },
): 'yes' | 'forbidden' | 'hidden' {
  return mayMove(asker, instance, cancel);
}

function mayMove(asker: MachineAsker, instance: Movable, principals: readonly Principal[]) {
  // A fork is for operators, whoever its definition names.
  const may = instance.forkedFrom ? asker.operates : mayDo(asker, principals, instance);
  if (may) {
    return 'yes';
  }
  return mayRead(asker, instance.readers) ? 'forbidden' : 'hidden';
}

/** True where the owner of an instance is among those who may read it, whatever roles they have. */
export function ownerReads({ owner, readers }: Pick<Movable, 'owner' | 'readers'>): boolean {
  return owner !== null && overlap(['anyone', `user.${owner}`], readers);
}

function overlap(left: readonly string[], right: readonly string[]): boolean {
  return left.some((name) => right.includes(name));
}

/**
 * The key under which the row of an event with an id of its own is kept: what a sender calls an event is one event for each
 * machine. Undefined for events without one.
 */
export function nameOfEvent({ type, id, eventId }: Pick<SendInput, 'type' | 'id' | 'eventId'>): string | undefined {
  return eventId === undefined ? undefined : `${instanceId(type, id)}#${eventId}`;
}
