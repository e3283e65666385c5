// From a row to what is sent.
import type { Invitation } from './invitations.model.ts';
import type { InvitationView } from './invitations.schema.ts';

/** An invitation as those it concerns see it. */
export function presentInvitation(invitation: Invitation, ventureName: string | null): InvitationView {
  const { ventureId, userId, role, invitedBy, note, state, timer, updatedAt } = invitation;
  const expiresAt = timer?.dueAt.toISOString() ?? null;
  return {
    ventureId,
    ventureName,
    userId,
    role,
    invitedBy,
    note,
    state,
    expiresAt,
    updatedAt: updatedAt.toISOString(),
  };
}
