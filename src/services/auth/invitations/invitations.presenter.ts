// From a row to what is sent.
import type { Invitation } from './invitations.model.ts';
import { stateOf } from './invitations.policy.ts';
import type { InvitationView } from './invitations.schema.ts';

/** An invitation as those see it who may invite. */
export function presentInvitation(invitation: Invitation, now: Date): InvitationView {
  const { _id: id, email, roles, invitedBy, createdAt, expiresAt } = invitation;
  return {
    id,
    email,
    roles: [...roles],
    invitedBy,
    state: stateOf(invitation, now),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
