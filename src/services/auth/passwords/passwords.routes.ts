// The paths of changing and resetting passwords.
import { hashPassword } from '#src/platform/auth/passwords.ts';
import { endSessionsOf } from '#src/platform/auth/session-endings.ts';
import { refuseWeakPassword, weakPassword } from '#src/platform/auth/weak-passwords.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { authProblems } from '../auth.errors.ts';
import { idOfToken } from '../auth.policy.ts';
import { findToken, mayMailLinkTo } from '../auth.queries.ts';
import { askReset, changePasswordTo, resetPasswordTo } from './passwords.commands.ts';
import { confirmOwnPassword, peerOf } from '../auth.queries.ts';
import { accepted } from '../auth.schema.ts';
import { changePassword, forgotPassword, resetPassword } from './passwords.schema.ts';

/** The routes of passwords. */
export const passwordRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/password/change',
    summary: 'Change your password; every other session of yours ends',
    auth: 'user',
    scope: 'self',
    limit: 'login',
    body: changePassword,
    status: 204,
    commands: [changePasswordTo],
    problems: [authProblems.wrongPassword, authProblems.tooManyTries, weakPassword],
    handle: async (request) => {
      const { currentPassword, newPassword } = request.body;
      const { userId, sessionId } = request.caller;
      const { email, name, passwordHash: from } = await confirmOwnPassword(userId, currentPassword, request);
      await refuseWeakPassword(newPassword, [email, name], '/body/newPassword');
      const to = await hashPassword(newPassword);
      const others = { except: sessionId, reason: 'password' } as const;
      // Before the commit too: should this process die behind it, no session of before is left.
      await endSessionsOf(userId, others);
      await request.submit(changePasswordTo, { userId, from, to, sessionId, ...peerOf(request) });
      await endSessionsOf(userId, others);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/password/forgot',
    summary:
      'Ask for a mail that lets you set a new password; the answer is the same whether or not there is an account',
    auth: 'public',
    scope: 'public',
    limit: 'mail',
    body: forgotPassword,
    status: 202,
    output: accepted,
    commands: [askReset],
    handle: async (request) => {
      const { email } = request.body;
      if (await mayMailLinkTo(email)) {
        await request.submit(askReset, { email, ...peerOf(request) });
      }
      return { status: 202, body: { accepted: true } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/password/reset',
    summary: 'Set a new password with the token of a mail; every session ends, and you log in as always',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    body: resetPassword,
    status: 204,
    commands: [resetPasswordTo],
    problems: [weakPassword],
    handle: async (request) => {
      const tokenId = idOfToken('password-reset', request.body.token);
      // Looked at before anything is hashed: a made-up token costs nothing.
      const good = tokenId === null ? null : await findToken(tokenId, 'password-reset');
      if (!good) {
        throw authProblems.tokenRefused();
      }
      const { token, credential } = good;
      await refuseWeakPassword(request.body.newPassword, [credential.email, credential.name], '/body/newPassword');
      const passwordHash = await hashPassword(request.body.newPassword);
      await endSessionsOf(credential.id, { reason: 'password' });
      await request.submit(resetPasswordTo, { tokenId: token._id, passwordHash, ...peerOf(request) });
      await endSessionsOf(credential.id, { reason: 'password' });
      return { status: 204 };
    },
  }),
];
