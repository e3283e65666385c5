// Mails about passwords.
import { z } from 'zod';
import { linkTimes } from '#config/auth.ts';
import { defineMail } from '#src/platform/mail/template.ts';
import { linkLines } from '../auth.policy.ts';

const minutes = linkTimes.passwordResetMs / 60_000;

/** The link that sets a new password. */
export const resetMail = defineMail({
  name: 'auth.password-reset',
  data: z.strictObject({ tokenId: z.string() }),
  render: ({ tokenId }) => ({
    subject: 'Set a new password',
    text: `Somebody, hopefully you, asked to set a new password for your account. The link is good once, for ${minutes} minutes:\n\n${linkLines('password-reset', tokenId)}\n\nIf it was not you, do nothing: your password stays as it is.\n`,
  }),
});

/** Told to the owner after a password became another one. */
export const passwordChangedMail = defineMail({
  name: 'auth.password-changed',
  data: z.strictObject({ how: z.enum(['changed', 'reset']) }),
  render: ({ how }) => ({
    subject: 'Your password was changed',
    text: `${how === 'reset' ? 'Your password was set anew with a link from a mail, and every session was ended.' : 'Your password was changed, and every other session was ended.'}\n\nIf it was not you, set a new password at once with "forgot password".\n`,
  }),
});
