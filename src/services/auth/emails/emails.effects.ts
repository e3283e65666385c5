// Mails about e-mail addresses.
import { z } from 'zod';
import { linkTimes } from '#config/auth.ts';
import { defineMail } from '#src/platform/mail/template.ts';
import { linkLines } from '../auth.policy.ts';

const tokenData = z.strictObject({ tokenId: z.string() });
const hours = linkTimes.emailVerifyMs / 3_600_000;

/** The link that proves a new account's address. */
export const verifyMail = defineMail({
  name: 'auth.email-verify',
  data: tokenData,
  render: ({ tokenId }) => ({
    subject: 'Confirm your e-mail address',
    text: `Somebody, hopefully you, made an account with this address. Confirm that it is yours; the link is good once, for ${hours} hours:\n\n${linkLines('email-verify', tokenId)}\n`,
  }),
});

/** The link that proves the address somebody changes to. */
export const confirmChangeMail = defineMail({
  name: 'auth.email-change',
  data: tokenData,
  render: ({ tokenId }) => ({
    subject: 'Confirm your new e-mail address',
    text: `Somebody, hopefully you, wants to use this address for their account. The link is good once, for ${linkTimes.emailChangeMs / 3_600_000} hours:\n\n${linkLines('email-change', tokenId)}\n\nIf it was not you, do nothing.\n`,
  }),
});

/** Told to the address of before: first that somebody asked, then that it happened. */
export const emailChangedMail = defineMail({
  name: 'auth.email-changed',
  data: z.strictObject({ done: z.boolean() }),
  render: ({ done }) => ({
    subject: done ? 'Your e-mail address was changed' : 'Your e-mail address is about to be changed',
    text: done
      ? 'Your account has another e-mail address from now on; this one gets no more mail about it.\n\nIf it was not you, tell whoever runs this system at once.\n'
      : 'Somebody who knows your password asked to give your account another e-mail address. It is changed when the new address confirms it.\n\nIf it was not you, change your password at once: the change is void then.\n',
  }),
});
