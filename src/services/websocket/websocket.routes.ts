// HTTP of the websocket service: the same feeds, for clients without a socket.
import { z } from 'zod';
import { problems } from '#src/platform/errors.ts';
import { feedName, readFeed } from '#src/platform/events/feeds.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { mayReadFeed } from './websocket.policy.ts';
import { feedPage, feedQuery } from './websocket.schema.ts';

/** Every route of the service. */
export const websocketRoutes = [
  defineRoute({
    method: 'get',
    path: '/api/websocket/feeds/:feed',
    summary: 'The events of a feed after a number',
    auth: 'user',
    scope: 'member',
    params: z.strictObject({ feed: feedName }),
    query: feedQuery,
    output: feedPage,
    problems: [problems.notFound],
    handle: async ({ params, query, caller }) => {
      if (!(await mayReadFeed(caller, params.feed))) {
        throw problems.notFound(`There is no feed ${params.feed} for you`);
      }
      const { events, head, epoch, more, reset } = await readFeed(params.feed, query.since, query.epoch);
      const data = events.map(({ seq, event }) => ({ seq, event }));
      return { status: 200, body: { data, head, epoch, more, ...(reset ? { reset } : {}) } };
    },
  }),
];
