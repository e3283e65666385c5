// Inputs and outputs of invitations.
import { z } from 'zod';
import { pageOf } from '#src/platform/http/cursor.ts';
import { emailAddress, roleName, userId } from '#src/services/user/index.ts';
import { invitationStates } from './invitations.policy.ts';

const invitationId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'Not the id of an invitation');

/** `POST /api/auth/invitations`. */
export const invite = z.strictObject({ email: emailAddress, roles: z.array(roleName).min(1).max(16).optional() });

/** `DELETE /api/auth/invitations/:id`. */
export const invitationParams = z.strictObject({ id: invitationId });

/** What the command that makes one needs. */
export const invitationInput = z.strictObject({
  email: emailAddress,
  roles: z.array(roleName).min(1).max(16),
  invitedBy: userId,
});

/** An invitation as those see it who may invite. */
export const invitationView = z
  .strictObject({
    id: invitationId,
    email: z.string(),
    roles: z.array(z.string()),
    invitedBy: userId,
    state: z.enum(invitationStates),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Invitation' });
export type InvitationView = z.output<typeof invitationView>;

/** A page of invitations, the newest first. */
export const invitationPage = pageOf(invitationView);
