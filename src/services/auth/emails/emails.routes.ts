// The paths of proving and changing one's e-mail address.
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { authProblems } from '../auth.errors.ts';
import type { TokenKind } from '../auth.model.ts';
import { idOfToken } from '../auth.policy.ts';
import { mayMailLinkTo } from '../auth.queries.ts';
import { confirmOwnPassword, peerOf } from '../auth.queries.ts';
import { accepted } from '../auth.schema.ts';
import { askEmailChange, askVerification, changeEmailTo, verifyEmail } from './emails.commands.ts';
import { changeEmail, givenToken } from './emails.schema.ts';
import { findCredentialOf } from '#src/services/user/index.ts';

function tokenIdIn(kind: TokenKind, token: string): string {
  const id = idOfToken(kind, token);
  if (id === null) {
    throw authProblems.tokenRefused();
  }
  return id;
}

/** The routes of e-mail addresses. */
export const emailRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/email/verify',
    summary: 'Prove your e-mail address with the token of a mail',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    body: givenToken,
    status: 204,
    commands: [verifyEmail],
    handle: async (request) => {
      const tokenId = tokenIdIn('email-verify', request.body.token);
      await request.submit(verifyEmail, { tokenId, ...peerOf(request) });
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/email/resend',
    summary: 'Ask for the mail that proves your e-mail address once more',
    auth: 'user',
    scope: 'self',
    limit: 'mail',
    status: 202,
    output: accepted,
    commands: [askVerification],
    handle: async (request) => {
      const { userId } = request.caller;
      const credential = await findCredentialOf(userId);
      if (credential && (await mayMailLinkTo(credential.email))) {
        await request.submit(askVerification, { userId });
      }
      return { status: 202, body: { accepted: true } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/email/change',
    summary: 'Ask to change your e-mail address: the new one is mailed a token, the old one is told',
    auth: 'user',
    scope: 'self',
    limit: 'mail',
    body: changeEmail,
    status: 202,
    output: accepted,
    commands: [askEmailChange],
    problems: [authProblems.wrongPassword, authProblems.tooManyTries],
    handle: async (request) => {
      const { newEmail: email, currentPassword } = request.body;
      const { userId } = request.caller;
      await confirmOwnPassword(userId, currentPassword, request);
      if (await mayMailLinkTo(email)) {
        await request.submit(askEmailChange, { userId, email });
      }
      return { status: 202, body: { accepted: true } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/email/change/confirm',
    summary: 'Change your e-mail address with the token that the new one was mailed',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    body: givenToken,
    status: 204,
    commands: [changeEmailTo],
    handle: async (request) => {
      const tokenId = tokenIdIn('email-change', request.body.token);
      await request.submit(changeEmailTo, { tokenId, ...peerOf(request) });
      return { status: 204 };
    },
  }),
];
