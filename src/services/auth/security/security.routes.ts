// What happened to the safety of one's account.
import { pageQuery } from '#src/platform/http/cursor.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { securityEventsOf } from './security.queries.ts';
import { securityEventPage } from './security.schema.ts';

/** The routes of security events. */
export const securityRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/auth/security-events',
    summary: 'What happened to the safety of your account, the newest first',
    auth: 'user',
    scope: 'self',
    query: pageQuery,
    output: securityEventPage,
    handle: async ({ caller, query }) => ({ status: 200, body: await securityEventsOf(caller.userId, query) }),
  }),
];
