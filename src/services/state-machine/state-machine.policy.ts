// Who may see and move a machine: pure functions over what the caller may and whom the instance is about.
import { defineAccess, may, type Asker } from '#src/platform/auth/abilities.ts';
import type { MachineEvent } from '#src/platform/machines/definition.ts';

/** The person a machine is about, and who may read or operate any. An owner without a name is nobody. */
const machineAccess = defineAccess<{ readonly owner: string | null }>('machine', {
  read: [
    { permission: 'machine.read.any' },
    { permission: 'machine.operate' },
    { where: ({ userId }) => ({ owner: { $eq: userId, $ne: '' } }) },
  ],
});

/** Reading: the person it is about, and who may read or operate any machine. */
export function canRead(caller: Asker, owner: string | null): boolean {
  return may(caller, 'read', machineAccess, { owner });
}

/**
 * Sending: `yes`; `forbidden` for somebody who may see the machine and not send this; `hidden` for everybody else.
 * An event the machine does not declare is left to the machine, which says what it takes instead.
 */
export function maySend(
  caller: Asker,
  owner: string | null,
  event: MachineEvent | undefined,
): 'yes' | 'forbidden' | 'hidden' {
  if (caller.can('machine.operate')) {
    return 'yes';
  }
  if (isOwner(caller, owner)) {
    return event?.from === 'operator' ? 'forbidden' : 'yes';
  }
  return canRead(caller, owner) ? 'forbidden' : 'hidden';
}

function isOwner(caller: Asker, owner: string | null): boolean {
  return owner !== null && owner !== '' && caller.userId === owner;
}
