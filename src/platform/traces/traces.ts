// Following one request: everything it left, in one story. Part of the platform, not one of the twelve services; offered
// to the roots in the same shape.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { problems } from '../errors.ts';
import { defineRoute, type Caller } from '../http/route.ts';
import type { Service } from '../registry.ts';
import { isOwn, readTrace } from './rows.ts';
import { stepKinds, stepsOf, type Step } from './steps.ts';
import { storyOf } from './story.ts';

// As X-Request-Id is taken at the door.
const params = z.strictObject({ requestId: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/u) });
const query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.traceMax).default(limits.traceDefault),
});

const stepShape = z.strictObject({
  at: z.iso.datetime(),
  what: z.enum(stepKinds),
  id: z.string(),
  title: z.string(),
  parent: z.string().optional(),
  actor: z.string().optional(),
  attempts: z.int().optional(),
  state: z.string().optional(),
  error: z.string().optional(),
  feed: z.string().optional(),
  seq: z.int().optional(),
});
const traceShape = z.strictObject({ requestId: z.string(), truncated: z.boolean(), steps: z.array(stepShape) });

interface Trace {
  readonly steps: readonly Step[];
  readonly truncated: boolean;
}

/** A request's steps for a caller. @throws request.not-found for what is nobody's or another's */
async function traceFor(caller: Caller, requestId: string, limit: number): Promise<Trace> {
  const any = caller.can('trace.read');
  if (any || (await isOwn(requestId, caller.userId))) {
    const rows = await readTrace(requestId, limit);
    const steps = stepsOf(requestId, rows, any);
    if (steps.length > 0) {
      return { steps: steps.slice(0, limit), truncated: rows.truncated || steps.length > limit };
    }
  }
  throw problems.notFound(`There is no request ${requestId} of yours that left anything`);
}

function present({ at, ...step }: Step): z.output<typeof stepShape> {
  return { at: at.toISOString(), ...step };
}

const routes = [
  defineRoute({
    method: 'get',
    path: '/api/traces/:requestId',
    summary: 'All that a request left, in order of time: one’s own, or any with trace.read',
    auth: 'user',
    scope: 'owner',
    params,
    query,
    output: traceShape,
    problems: [problems.notFound],
    handle: async ({ params: { requestId }, query: { limit }, caller }) => {
      const { steps, truncated } = await traceFor(caller, requestId, limit);
      return { status: 200, body: { requestId, truncated, steps: steps.map(present) } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/traces/:requestId/story',
    summary: 'The same as a text to read in a terminal',
    auth: 'user',
    scope: 'owner',
    params,
    query,
    output: z.string(),
    problems: [problems.notFound],
    produces: 'text/plain',
    handle: async ({ params: { requestId }, query: { limit }, caller }) => {
      const { steps, truncated } = await traceFor(caller, requestId, limit);
      return { status: 200, body: storyOf(steps, truncated) };
    },
  }),
];

/** Traces, in the shape of a service. */
export const traces: Service = { name: 'traces', routes };
