// The paths of activity and analytics.
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { mac } from '#src/platform/secrets.ts';
import { ownedBy } from '../showing/showing.policy.ts';
import { userProblems } from '../user.errors.ts';
import { chooseViews, noteView } from './activity.commands.ts';
import { activityFor, analyticsOf } from './activity.queries.ts';
import {
  activityOf,
  activityPage,
  activityQuery,
  analyticsQuery,
  analyticsView,
  viewsChoice,
} from './activity.schema.ts';

/** The routes of activity and analytics. */
export const activityRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/users/:id/activity',
    summary: 'What somebody did and what concerns them, the newest first; of others, what you may see',
    auth: 'user',
    scope: 'visible',
    params: activityOf,
    query: activityQuery,
    output: activityPage,
    problems: [userProblems.notFound],
    handle: async ({ params, query, caller }) => ({ status: 200, body: await activityFor(caller, params.id, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/analytics',
    summary: 'Your figures by day of a time zone',
    auth: 'user',
    scope: 'owner',
    params: activityOf,
    query: analyticsQuery,
    output: analyticsView,
    problems: [userProblems.notFound],
    handle: async ({ params, query, caller }) => {
      ownedBy(caller, params.id);
      return { status: 200, body: await analyticsOf(params.id, query) };
    },
  }),
  defineRoute({
    method: 'put',
    path: '/api/users/:id/analytics/views',
    summary: 'Choose whether those who look at you are counted',
    auth: 'user',
    scope: 'owner',
    params: activityOf,
    body: viewsChoice,
    output: viewsChoice,
    commands: [chooseViews],
    problems: [userProblems.notFound],
    handle: async ({ params, body, caller, submit }) => {
      ownedBy(caller, params.id);
      return await submit(chooseViews, { userId: params.id, ...body });
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/users/:id/views',
    summary: 'Say that you look at somebody: counted once a day',
    auth: 'user',
    scope: 'visible',
    params: activityOf,
    status: 204,
    commands: [noteView],
    handle: async ({ params, caller, submit }) => {
      const viewer = mac('profile-view', `${caller.userId} ${params.id}`);
      await submit(noteView, { userId: params.id, viewer });
      return { status: 204 };
    },
  }),
];
