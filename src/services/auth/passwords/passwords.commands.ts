// Writes of passwords: changing one, asking for a new one by mail, setting it. Each is one commit with the security event
// and the mail that tell of it.
import { linkTimes } from '#config/auth.ts';
import { endingOf } from '#src/platform/auth/ending-work.ts';
import { defineCommand, type Command } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import { changedCredential, credentialIn, readUsers, readUsersByEmail, userByEmail } from '#src/services/user/index.ts';
import { authProblems } from '../auth.errors.ts';
import { newOneTimeToken, usedUp } from '../auth.model.ts';
import { goodToken, readTokens } from '../auth.queries.ts';
import { securityEvent, type SecurityKind } from '../auth.model.ts';
import { passwordChangedMail, resetMail } from './passwords.effects.ts';
import { passwordChange, passwordReset, resetAsked } from './passwords.schema.ts';

const tell = (
  kind: SecurityKind,
  userId: string,
  at: Date,
  { input: { ip, userAgent } }: Command<{ ip: string; userAgent: string }>,
) => securityEvent({ userId, kind, at, ip, userAgent });

/** Changes a password that was checked before. Codes: request.conflict where it became another one meanwhile. */
export const changePasswordTo = defineCommand({
  kind: 'auth.password.change',
  pool: 'direct',
  recorded: false,
  input: passwordChange,
  key: ({ userId }) => `user.${userId}`,
  problems: [problems.conflict],
  load: async (commands, reader) => {
    await readUsers(
      reader,
      commands.map(({ input }) => input.userId),
    );
  },
  decide: (state, command, now) => {
    const { userId, from, to, sessionId } = command.input;
    const credential = credentialIn(state, userId);
    if (credential?.passwordHash !== from) {
      return problems.conflict('The password was changed at the same moment; log in with the new one');
    }
    return {
      writes: [
        changedCredential(state, userId, { passwordHash: to }, now),
        tell('password.changed', userId, now, command),
      ],
      work: [
        passwordChangedMail.draft(credential.email, { how: 'changed' }, command.id),
        endingOf(userId, { except: sessionId, reason: 'password' }, command.id, now),
      ],
      result: {},
    };
  },
});

/**
 * Takes in that somebody forgot the password of an address. Writes the same row whether or not anybody has the address:
 * that is found out later, where nobody waits for it.
 */
export const askReset = defineCommand({
  kind: 'auth.password.ask-reset',
  pool: 'direct',
  recorded: false,
  input: resetAsked,
  key: ({ email }) => `user.${email}`,
  load: async () => await Promise.resolve(),
  decide: (_state, { id, input }) => ({ work: [{ kind: sendReset.kind, input, cause: id }], result: {} }),
});

/** Mails the link to the account of an address, if there is one. */
export const sendReset = defineCommand({
  kind: 'auth.password.send-reset',
  pool: 'operations',
  input: resetAsked,
  key: ({ email }) => `user.${email}`,
  load: async (commands, reader) => {
    await readUsersByEmail(
      reader,
      commands.map(({ input }) => input.email),
    );
  },
  decide: (state, command, now) => {
    const { email } = command.input;
    const user = userByEmail(state, email);
    if (!user) {
      return { result: {} };
    }
    const token = {
      _id: command.id,
      kind: 'password-reset',
      userId: user.id,
      accountEmail: email,
      email,
      createdAt: now,
    } as const;
    return {
      writes: [newOneTimeToken(token, linkTimes.passwordResetMs), tell('password.reset-asked', user.id, now, command)],
      work: [resetMail.draft(email, { tokenId: command.id }, command.id)],
      result: {},
    };
  },
});

/** Sets a new password with a token. It came by mail, so the address is proven too. Codes: auth.token-refused. */
export const resetPasswordTo = defineCommand({
  kind: 'auth.password.reset',
  pool: 'direct',
  recorded: false,
  input: passwordReset,
  key: ({ tokenId }) => `token.${tokenId}`,
  problems: [authProblems.tokenRefused],
  load: async (commands, reader) => {
    await readTokens(
      reader,
      commands.map(({ input }) => input.tokenId),
    );
  },
  decide: (state, command, now) => {
    const { tokenId, passwordHash } = command.input;
    const good = goodToken(state, tokenId, 'password-reset', now);
    if (!good) {
      return authProblems.tokenRefused();
    }
    const { id, email, emailVerifiedAt = now } = good.credential;
    return {
      writes: [
        usedUp(state, tokenId, now),
        changedCredential(state, id, { passwordHash, emailVerifiedAt }, now),
        tell('password.reset', id, now, command),
      ],
      work: [
        passwordChangedMail.draft(email, { how: 'reset' }, command.id),
        endingOf(id, { reason: 'password' }, command.id, now),
      ],
      result: {},
    };
  },
});

/** Every command of passwords. */
export const passwordCommands = [changePasswordTo, askReset, sendReset, resetPasswordTo] as const;
