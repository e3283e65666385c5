// The paths of portfolios.
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';
import { addItem, changeItem, removeItem } from './portfolio.commands.ts';
import { portfolioProblems } from './portfolio.errors.ts';
import { ownedBy } from '../showing/showing.policy.ts';
import { itemFor, itemsFor } from './portfolio.queries.ts';
import { itemAt, itemChange, itemPage, itemView, listItems, newItem, portfolioOf } from './portfolio.schema.ts';

const reads: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/users/:id/portfolio',
    summary: 'What somebody did, in their own order: the items that you may see',
    auth: 'user',
    scope: 'visible',
    params: portfolioOf,
    query: listItems,
    output: itemPage,
    problems: [userProblems.notFound],
    handle: async ({ params, query, caller }) => ({ status: 200, body: await itemsFor(caller, params.id, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/portfolio/:item',
    summary: 'One item of a portfolio',
    auth: 'user',
    scope: 'visible',
    params: itemAt,
    output: itemView,
    problems: [userProblems.notFound, portfolioProblems.notFound],
    handle: async ({ params, caller }) => ({ status: 200, body: await itemFor(caller, params.id, params.item) }),
  }),
];

const writes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/users/:id/portfolio',
    summary: 'Put an item into your portfolio',
    auth: 'user',
    scope: 'owner',
    params: portfolioOf,
    body: newItem,
    status: 201,
    output: itemView,
    commands: [addItem],
    problems: [userProblems.notFound],
    handle: async ({ params, body, caller, submit }) => {
      ownedBy(caller, params.id);
      return await submit(addItem, { userId: params.id, ...body });
    },
  }),
  defineRoute({
    method: 'patch',
    path: '/api/users/:id/portfolio/:item',
    summary: 'Change an item of your portfolio, or its place',
    auth: 'user',
    scope: 'owner',
    params: itemAt,
    body: itemChange,
    output: itemView,
    commands: [changeItem],
    problems: [userProblems.notFound],
    handle: async ({ params, body, caller, submit }) => {
      ownedBy(caller, params.id);
      return await submit(changeItem, { userId: params.id, item: params.item, change: body });
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/users/:id/portfolio/:item',
    summary: 'Take an item out of your portfolio',
    auth: 'user',
    scope: 'owner',
    params: itemAt,
    status: 204,
    commands: [removeItem],
    problems: [userProblems.notFound],
    handle: async ({ params, caller, submit }) => {
      ownedBy(caller, params.id);
      const { headers = {} } = await submit(removeItem, { userId: params.id, item: params.item });
      return { status: 204, headers };
    },
  }),
];

/** The routes of portfolios. */
export const portfolioRoutes: readonly Route[] = [...reads, ...writes];
