// Writes of e-mail addresses: proving the one of an account, and changing it for one that proves itself.
import { linkTimes } from '#config/auth.ts';
import { defineCommand, type Decision } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import {
  changedCredential,
  credentialIn,
  readUsers,
  readUsersByEmail,
  userByEmail,
  userProblems,
} from '#src/services/user/index.ts';
import { authProblems } from '../auth.errors.ts';
import { newOneTimeToken, usedUp } from '../auth.model.ts';
import { goodToken, readTokens } from '../auth.queries.ts';
import { securityEvent } from '../auth.model.ts';
import { confirmChangeMail, emailChangedMail, verifyMail } from './emails.effects.ts';
import { emailChangeAsked, emailProof, type EmailProof, verificationAsked } from './emails.schema.ts';

/** The token and the mail that let an account prove its address: part of a decision. `id` names the token. */
export function verificationOf(
  id: string,
  { userId, email }: { readonly userId: string; readonly email: string },
  now: Date,
): Required<Pick<Decision, 'writes' | 'work'>> {
  const token = { _id: id, kind: 'email-verify', userId, accountEmail: email, email, createdAt: now } as const;
  return {
    writes: [newOneTimeToken(token, linkTimes.emailVerifyMs)],
    work: [verifyMail.draft(email, { tokenId: id }, id)],
  };
}

/** Mails the link again, unless the address is proven. */
export const askVerification = defineCommand({
  kind: 'auth.email.ask-verification',
  pool: 'direct',
  recorded: false,
  input: verificationAsked,
  key: ({ userId }) => `user.${userId}`,
  load: async (commands, reader) => {
    await readUsers(
      reader,
      commands.map(({ input }) => input.userId),
    );
  },
  decide: (state, { id, input }, now) => {
    const credential = credentialIn(state, input.userId);
    const open = credential !== null && credential.emailVerifiedAt === undefined;
    return { ...(open ? verificationOf(id, { ...input, email: credential.email }, now) : {}), result: {} };
  },
});

const loadTokens = {
  key: ({ tokenId }: EmailProof) => `token.${tokenId}`,
  load: async (commands: readonly { readonly input: EmailProof }[], reader: Parameters<typeof readTokens>[0]) => {
    await readTokens(
      reader,
      commands.map(({ input }) => input.tokenId),
    );
  },
};

/** Proves the address of an account. Codes: auth.token-refused. */
export const verifyEmail = defineCommand({
  kind: 'auth.email.verify',
  pool: 'direct',
  recorded: false,
  input: emailProof,
  ...loadTokens,
  problems: [authProblems.tokenRefused],
  decide: (state, { input: { tokenId, ip, userAgent } }, now) => {
    const good = goodToken(state, tokenId, 'email-verify', now);
    if (!good) {
      return authProblems.tokenRefused();
    }
    const userId = good.credential.id;
    return {
      writes: [
        usedUp(state, tokenId, now),
        changedCredential(state, userId, { emailVerifiedAt: now }, now),
        securityEvent({ userId, kind: 'email.verified', at: now, ip, userAgent }),
      ],
      result: {},
    };
  },
});

/** Mails a link to the new address, and tells the one of before. Codes: auth.email-taken. */
export const askEmailChange = defineCommand({
  kind: 'auth.email.ask-change',
  pool: 'direct',
  recorded: false,
  input: emailChangeAsked,
  key: ({ userId }) => `user.${userId}`,
  problems: [userProblems.emailTaken],
  load: async (commands, reader) => {
    const inputs = commands.map(({ input }) => input);
    await readUsers(
      reader,
      inputs.map(({ userId }) => userId),
    );
    await readUsersByEmail(
      reader,
      inputs.map(({ email }) => email),
    );
  },
  decide: (state, { id, input: { userId, email } }, now) => {
    const credential = credentialIn(state, userId);
    if (!credential) {
      return problems.conflict();
    }
    if (userByEmail(state, email)) {
      return userProblems.emailTaken();
    }
    const before = credential.email;
    const token = { _id: id, kind: 'email-change', userId, accountEmail: before, email, createdAt: now } as const;
    return {
      writes: [newOneTimeToken(token, linkTimes.emailChangeMs)],
      work: [
        confirmChangeMail.draft(email, { tokenId: id }, id),
        emailChangedMail.draft(before, { done: false }, `${id}.asked`),
      ],
      result: {},
    };
  },
});

/** Gives an account the address that the token proves. Codes: auth.token-refused, auth.email-taken. */
export const changeEmailTo = defineCommand({
  kind: 'auth.email.change',
  pool: 'direct',
  recorded: false,
  input: emailProof,
  ...loadTokens,
  problems: [authProblems.tokenRefused, userProblems.emailTaken],
  onDuplicate: () => userProblems.emailTaken(),
  decide: (state, { id, input: { tokenId, ip, userAgent } }, now) => {
    const good = goodToken(state, tokenId, 'email-change', now);
    if (!good) {
      return authProblems.tokenRefused();
    }
    const { token, credential } = good;
    const userId = credential.id;
    return {
      writes: [
        usedUp(state, tokenId, now),
        changedCredential(state, userId, { email: token.email, emailVerifiedAt: now }, now),
        securityEvent({ userId, kind: 'email.changed', at: now, ip, userAgent }),
      ],
      work: [emailChangedMail.draft(credential.email, { done: true }, `${id}.done`)],
      result: {},
    };
  },
});

/** Every command of e-mail addresses. */
export const emailCommands = [askVerification, verifyEmail, askEmailChange, changeEmailTo] as const;
