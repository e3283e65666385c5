// Where an invitation stands. Pure.
import type { Invitation } from './invitations.model.ts';

/** Every state of an invitation. */
export const invitationStates = ['open', 'accepted', 'revoked', 'expired'] as const;

/** Where an invitation stands at a time. */
export function stateOf(invitation: Invitation, now: Date): (typeof invitationStates)[number] {
  if (invitation.acceptedAt) {
    return 'accepted';
  }
  if (invitation.revokedAt) {
    return 'revoked';
  }
  return invitation.expiresAt > now ? 'open' : 'expired';
}
