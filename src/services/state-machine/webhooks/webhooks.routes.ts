// The paths of webhooks.
import { problems } from '#src/platform/errors.ts';
import { pageQuery } from '#src/platform/http/cursor.ts';
import { givesTag, ifMatch, requireIfMatch, withTag } from '#src/platform/http/etag.ts';
import { defineRoute, type RouteAnswer } from '#src/platform/http/route.ts';
import { changeEndpoint, makeEndpoint, removeEndpoint, renewSecret, testEndpoint } from './webhooks.commands.ts';
import { webhookProblems } from './webhooks.errors.ts';
import { newSealedSecret, secretOf } from './webhooks.policy.ts';
import { presentEndpoint } from './webhooks.presenter.ts';
import { listDeliveries, listEndpoints, readEndpoint } from './webhooks.queries.ts';
import {
  deliveriesQuery,
  deliveryPage,
  endpointBody,
  endpointMade,
  endpointPage,
  endpointParams,
  endpointView,
  newEndpointBody,
  testSent,
  type EndpointView,
} from './webhooks.schema.ts';

const base = '/api/state-machines/webhooks';
const manage = { auth: { permission: 'webhook.manage' }, scope: 'role' } as const;

/** The answer with the endpoint's secret, read where it is kept, and only while it is the one this answer is about. */
async function withSecret(answer: RouteAnswer): Promise<RouteAnswer> {
  const view = answer.body as EndpointView;
  const { endpoint } = await readEndpoint(view.name);
  const mine = endpoint.secretVersion === view.secretVersion;
  const body = mine ? { ...view, secret: secretOf(endpoint) } : view;
  return withTag({ ...answer, body }, { id: view.name, rev: endpoint.rev });
}

const reads = [
  defineRoute({
    ...manage,
    method: 'get',
    path: base,
    summary: 'Endpoints of webhooks by name',
    query: pageQuery,
    output: endpointPage,
    handle: async ({ query }) => ({ status: 200, body: await listEndpoints(query) }),
  }),
  defineRoute({
    ...manage,
    method: 'get',
    path: `${base}/:name`,
    summary: 'One endpoint, without its secret',
    params: endpointParams,
    output: endpointView,
    givesHeaders: givesTag,
    problems: [webhookProblems.notFound],
    handle: async ({ params: { name } }) => {
      const { endpoint, gone } = await readEndpoint(name);
      return withTag({ status: 200, body: presentEndpoint(endpoint, gone) }, { id: name, rev: endpoint.rev });
    },
  }),
  defineRoute({
    ...manage,
    method: 'get',
    path: `${base}/:name/deliveries`,
    summary: 'Messages to an endpoint and how they stand, the newest first',
    params: endpointParams,
    query: deliveriesQuery,
    output: deliveryPage,
    problems: [webhookProblems.notFound],
    handle: async ({ params: { name }, query }) => ({ status: 200, body: await listDeliveries(name, query) }),
  }),
];

const writes = [
  defineRoute({
    ...manage,
    method: 'post',
    path: base,
    summary: 'Make an endpoint; its secret is shown once',
    body: newEndpointBody,
    status: 201,
    output: endpointMade,
    givesHeaders: givesTag,
    commands: [makeEndpoint],
    handle: async ({ body, submit }) =>
      await withSecret(await submit(makeEndpoint, { ...body, sealedSecret: newSealedSecret(body.name) }, 201)),
  }),
  defineRoute({
    ...manage,
    method: 'put',
    path: `${base}/:name`,
    summary: 'Give an endpoint another address, or switch it off or on',
    params: endpointParams,
    body: endpointBody,
    output: endpointView,
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    commands: [changeEndpoint],
    problems: [problems.preconditionFailed, problems.preconditionRequired],
    handle: async ({ params: { name }, body, header, submit }) => {
      const { endpoint } = await readEndpoint(name);
      const rev = requireIfMatch(header('if-match'), { id: name, rev: endpoint.rev });
      return withTag(await submit(changeEndpoint, { ...body, name, rev }), { id: name, rev: rev + 1 });
    },
  }),
  defineRoute({
    ...manage,
    method: 'delete',
    path: `${base}/:name`,
    summary: 'Remove an endpoint; messages on their way to it give up',
    params: endpointParams,
    status: 204,
    commands: [removeEndpoint],
    handle: async ({ params: { name }, submit }) => {
      await submit(removeEndpoint, { name });
      return { status: 204 };
    },
  }),
  defineRoute({
    ...manage,
    method: 'post',
    path: `${base}/:name/secret`,
    summary: 'Give an endpoint another secret, shown once; the one of before signs along for a day',
    params: endpointParams,
    status: 201,
    output: endpointMade,
    givesHeaders: givesTag,
    commands: [renewSecret],
    handle: async ({ params: { name }, submit }) =>
      await withSecret(await submit(renewSecret, { name, sealedSecret: newSealedSecret(name) }, 201)),
  }),
  defineRoute({
    ...manage,
    method: 'post',
    path: `${base}/:name/test`,
    summary: 'Send an endpoint the message webhook.test',
    limit: 'invite',
    params: endpointParams,
    status: 201,
    output: testSent,
    commands: [testEndpoint],
    handle: async ({ params: { name }, submit }) => await submit(testEndpoint, { name }, 201),
  }),
];

/** Routes of this area. */
export const webhookRoutes = [...reads, ...writes];
