// Reads of invitations.
import { limits } from '#config/limits.ts';
import { put, type Reader, type State, type Write } from '#src/platform/commands/command.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { mayStillGive, readGivers } from '#src/services/user/index.ts';
import { idOfToken } from '../auth.policy.ts';
import { Invitations, type Invitation } from './invitations.model.ts';
import { stateOf } from './invitations.policy.ts';
import { presentInvitation } from './invitations.presenter.ts';
import type { InvitationView } from './invitations.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** All invitations, the newest first. Errors: request.invalid for a cursor of another list. */
export async function findInvitations(query: {
  limit: number;
  cursor?: string | undefined;
}): Promise<Page<InvitationView>> {
  const before = query.cursor === undefined ? null : String(decodeCursor('invitations', query.cursor));
  const rows = await Invitations.native()
    .find(before === null ? {} : { _id: { $lt: before } }, bounded)
    .sort({ _id: -1 })
    .limit(query.limit + 1)
    .toArray();
  const now = new Date();
  return toPage(
    rows,
    query.limit,
    (row) => presentInvitation(row, now),
    (row) => encodeCursor('invitations', row._id),
  );
}

function isFor(invitation: Invitation | null, email: string, now: Date): invitation is Invitation {
  return invitation !== null && invitation.email === email && stateOf(invitation, now) === 'open';
}

/** The open invitation of a token for this address, or null. The command that uses it looks again. */
export async function findInvitation(token: string, email: string): Promise<Invitation | null> {
  const id = idOfToken('invitation', token);
  const invitation = id === null ? null : await Invitations.native().findOne({ _id: id }, bounded);
  return isFor(invitation, email, new Date()) ? invitation : null;
}

/** Reads invitations, and what those who made them may now, into a command's state. */
export async function readInvitations(reader: Reader, ids: readonly string[]): Promise<void> {
  const found = (await reader.read(Invitations, ids)).flatMap((invitation) => invitation ?? []);
  await readGivers(
    reader,
    found.map(({ invitedBy }) => invitedBy),
    found.flatMap(({ roles }) => roles),
  );
}

/**
 * An open invitation for this address that `readInvitations` read, or null. It is worth what its inviter may: where they
 * may not invite any more, or not give these roles, it is void.
 */
export function invitationIn(state: State, id: string, email: string, now: Date): Invitation | null {
  const invitation = state.get(Invitations, id);
  return isFor(invitation, email, now) && mayStillGive(state, invitation.invitedBy, 'user.invite', invitation.roles)
    ? invitation
    : null;
}

/** The write that uses an invitation up. */
export function accepted(invitation: Invitation, now: Date): Write {
  return put(Invitations, { ...invitation, acceptedAt: now, rev: invitation.rev + 1 });
}
