// The mail that invites.
import { z } from 'zod';
import { linkTimes } from '#config/auth.ts';
import { defineMail } from '#src/platform/mail/template.ts';
import { linkLines } from '../auth.policy.ts';

/** The link to register with. */
export const invitationMail = defineMail({
  name: 'auth.invitation',
  data: z.strictObject({ invitationId: z.string() }),
  render: ({ invitationId }) => ({
    subject: 'You are invited to join',
    text: `You are invited to make an account with this e-mail address. The link is good once, for ${linkTimes.invitationMs / 86_400_000} days:\n\n${linkLines('invitation', invitationId)}\n`,
  }),
});
