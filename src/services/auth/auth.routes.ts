// The paths of logging in and out. Their answers hold tokens, so none is ever stored: Idempotency-Key is ignored here.
import { publicKeySet } from '#src/platform/auth/tokens.ts';
import { weakPassword } from '#src/platform/auth/weak-passwords.ts';
import { problems } from '#src/platform/errors.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { findOwnAccount, rehashPassword, type AccountView } from '#src/services/user/index.ts';
import { authProblems } from './auth.errors.ts';
import { registerAccount } from './auth.commands.ts';
import { checkPassword, peerOf, prepareRegistration, renewHash } from './auth.queries.ts';
import { keySet, login, me, register } from './auth.schema.ts';
import { loginAnswer } from './factors/factors.schema.ts';
import { beginOrAsk } from './factors/factors.workflow.ts';
import { beginSession, endReusedSession } from './sessions/sessions.commands.ts';
import { loggedIn, refresh } from './sessions/sessions.schema.ts';
import { begin, refreshSession } from './sessions/sessions.workflow.ts';

const challenge = { headers: { 'WWW-Authenticate': 'Bearer' } };

/** The routes of the auth service. */
export const authRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/register',
    summary: 'Make your own account and log in',
    auth: 'public',
    scope: 'public',
    body: register,
    status: 201,
    output: loggedIn,
    limit: 'register',
    commands: [registerAccount, beginSession],
    problems: [authProblems.registrationClosed, authProblems.invitationNeeded, weakPassword],
    handle: async (request) => {
      const { body } = await request.submit(registerAccount, await prepareRegistration(request.body));
      return { status: 201, body: await begin(body as AccountView, request) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/login',
    summary: 'Log in with e-mail address and password',
    auth: 'public',
    scope: 'public',
    body: login,
    output: loginAnswer,
    limit: 'login',
    commands: [beginSession, rehashPassword],
    problems: [authProblems.invalidCredentials, authProblems.accountSuspended, authProblems.tooManyTries],
    handle: async (request) => {
      const { email, password } = request.body;
      const account = await checkPassword(email, password, peerOf(request));
      if (!account) {
        throw authProblems.invalidCredentials(undefined, challenge);
      }
      const renewed = await renewHash(account, password);
      if (renewed) {
        await request.submit(rehashPassword, renewed);
      }
      return { status: 200, body: await beginOrAsk(account, request) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/refresh',
    summary: 'Exchange the refresh token for new tokens; each is good once, and ten seconds longer for the same answer',
    auth: 'public',
    scope: 'public',
    body: refresh,
    output: loggedIn,
    commands: [endReusedSession],
    problems: [authProblems.refreshRefused],
    handle: async (request) => {
      const body = await refreshSession(request, request.body.refreshToken);
      if (!body) {
        throw authProblems.refreshRefused(undefined, challenge);
      }
      return { status: 200, body };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/auth/me',
    summary: 'Who you are',
    auth: 'user',
    scope: 'self',
    output: me,
    handle: async ({ caller }) => {
      const account = await findOwnAccount(caller.userId);
      if (!account) {
        throw problems.unauthenticated(undefined, challenge);
      }
      return { status: 200, body: account };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    summary: 'The keys that access tokens are signed with',
    auth: 'public',
    scope: 'public',
    output: keySet,
    handle: async () => ({
      status: 200,
      body: await publicKeySet(),
      headers: { 'Cache-Control': 'public, max-age=300' },
    }),
  }),
];
