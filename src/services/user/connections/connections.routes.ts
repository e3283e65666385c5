// The paths of connections and blocks.
import { pageQuery } from '#src/platform/http/cursor.ts';
import { defineRoute, type Caller, type Route } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';
import { userParams } from '../user.schema.ts';
import { actOnConnection, askToConnect, block, unblock } from './connections.commands.ts';
import { findBlocks, findConnections } from './connections.queries.ts';
import {
  askBody,
  blockPage,
  connectionActs,
  connectionPage,
  connectionParams,
  connectionView,
  listConnections,
} from './connections.schema.ts';

const sentences = {
  accept: 'Accept a request to connect',
  decline: 'Decline a request to connect',
  withdraw: 'Take your own request to connect back',
  remove: 'End a connection',
} as const;

/** Whose connections are asked for: one's own, or, for those who may read anybody's, anybody's. */
function checkOwn(caller: Caller, userId: string): void {
  if (caller.userId !== userId && !caller.can('user.read.any')) {
    throw userProblems.notFound(`There is no user ${userId}`);
  }
}

const actRoutes = connectionActs.map((act) =>
  defineRoute({
    method: 'post',
    path: `/api/users/connections/:id/${act}`,
    summary: sentences[act],
    auth: 'user',
    scope: 'member',
    params: connectionParams,
    output: connectionView,
    commands: [actOnConnection],
    handle: async ({ params, submit }) => await submit(actOnConnection, { connectionId: params.id, act }),
  }),
);

/** The routes of connections and blocks. */
export const connectionRoutes: readonly Route[] = [
  ...actRoutes,
  defineRoute({
    method: 'get',
    path: '/api/users/:id/connections',
    summary: 'Your connections of one state, the latest change first',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    query: listConnections,
    output: connectionPage,
    problems: [userProblems.notFound],
    handle: async ({ params, query, caller }) => {
      checkOwn(caller, params.id);
      return { status: 200, body: await findConnections(params.id, query, caller) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/users/:id/connections',
    summary: 'Ask somebody to connect',
    auth: 'user',
    scope: 'visible',
    limit: 'invite',
    params: userParams,
    body: askBody,
    status: 201,
    alsoAnswers: { 200: 'They had asked you: you are connected' },
    output: connectionView,
    commands: [askToConnect],
    handle: async ({ params, body, submit }) => await submit(askToConnect, { userId: params.id, ...body }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/users/:id/block',
    summary: 'Block somebody: ends a connection and hides you from each other',
    auth: 'user',
    scope: 'visible',
    params: userParams,
    status: 204,
    commands: [block],
    handle: async ({ params, submit }) => {
      await submit(block, { userId: params.id });
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/users/:id/block',
    summary: 'Lift a block',
    auth: 'user',
    scope: 'visible',
    params: userParams,
    status: 204,
    commands: [unblock],
    handle: async ({ params, submit }) => {
      await submit(unblock, { userId: params.id });
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/blocks',
    summary: 'Whom you have blocked, the latest first',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    query: pageQuery,
    output: blockPage,
    problems: [userProblems.notFound],
    handle: async ({ params, query, caller }) => {
      checkOwn(caller, params.id);
      return { status: 200, body: await findBlocks(params.id, query) };
    },
  }),
];
