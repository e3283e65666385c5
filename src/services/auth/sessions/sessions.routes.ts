// One's own sessions: seen, and ended singly, all but this one, or all. Their answers are never stored.
import { endSession, endSessionsOf } from '#src/platform/auth/session-endings.ts';
import { pageQuery } from '#src/platform/http/cursor.ts';
import { problems } from '#src/platform/errors.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { isOwnSession, sessionsOf } from './sessions.queries.ts';
import { sessionPage, sessionParams } from './sessions.schema.ts';

/** The routes of sessions. */
export const sessionRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/auth/sessions',
    summary: 'Where you are logged in, the newest first',
    auth: 'user',
    scope: 'self',
    query: pageQuery,
    output: sessionPage,
    handle: async ({ caller, query }) => ({ status: 200, body: await sessionsOf(caller, query) }),
  }),
  defineRoute({
    method: 'delete',
    path: '/api/auth/sessions/:id',
    summary: 'End one of your sessions, at once and everywhere',
    auth: 'user',
    scope: 'owner',
    params: sessionParams,
    status: 204,
    problems: [problems.notFound],
    handle: async ({ caller, params }) => {
      if (!(await isOwnSession(caller.userId, params.id))) {
        throw problems.notFound(`You have no session ${params.id}`);
      }
      await endSession(params.id);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/logout',
    summary: 'End this session, at once and everywhere',
    auth: 'user',
    scope: 'self',
    status: 204,
    handle: async ({ caller }) => {
      await endSession(caller.sessionId);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/logout-others',
    summary: 'End all of your sessions but this one',
    auth: 'user',
    scope: 'self',
    status: 204,
    handle: async ({ caller }) => {
      await endSessionsOf(caller.userId, { except: caller.sessionId, reason: 'logout' });
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/logout-all',
    summary: 'End all of your sessions, this one too',
    auth: 'user',
    scope: 'self',
    status: 204,
    handle: async ({ caller }) => {
      await endSessionsOf(caller.userId, { reason: 'logout' });
      return { status: 204 };
    },
  }),
];
