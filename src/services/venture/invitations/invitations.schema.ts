// Inputs and outputs of invitations.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { userId } from '#src/services/user/index.ts';
import { ventureRoles } from '../venture.model.ts';
import { ventureId } from '../venture.schema.ts';
import { invitationStates } from './invitations.model.ts';

const note = z.string().trim().normalize('NFC').max(500);

/** `POST /api/ventures/:id/invitations`. The role `owner` offers the ownership to somebody of the team. */
export const invite = z.strictObject({ userId, role: z.enum(ventureRoles), note: note.optional() });

/** `GET …/invitations`. */
export const listInvitations = pageQuery.extend({ state: z.enum(invitationStates).optional() });

export const invitationParams = z.strictObject({ id: ventureId, userId });

/** One invitation. */
export const invitationView = z
  .strictObject({
    ventureId,
    ventureName: z.string().max(100).nullable(),
    userId,
    role: z.enum(ventureRoles),
    invitedBy: userId,
    note: z.string().max(500),
    state: z.enum(invitationStates),
    expiresAt: z.iso.datetime().nullable(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'VentureInvitation' });
export type InvitationView = z.output<typeof invitationView>;
export const invitationPage = pageOf(invitationView);

/** What the commands take; `id` is the venture's. */
const onInvitation = z.strictObject({ id: ventureId, mayAll: z.boolean(), userId });
export const inviteInput = onInvitation.extend({ role: z.enum(ventureRoles), note });
export const answerInput = onInvitation.extend({ answer: z.enum(['accept', 'decline', 'withdraw']) });
export const expireInput = z.strictObject({ id: ventureId, userId, timer: z.string().max(64) });
export type InviteInput = z.output<typeof inviteInput>;
export type AnswerInput = z.output<typeof answerInput>;
export type ExpireInput = z.output<typeof expireInput>;
