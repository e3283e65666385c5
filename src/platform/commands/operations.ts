// Operations and dead letters over HTTP: what became of accepted work, and second chances for what gave up.
// Part of the platform, not one of the twelve services; offered to the roots in the same shape.
import mongoose from 'mongoose';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { problems } from '../errors.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery, toPage } from '../http/cursor.ts';
import { storedProblem } from '../http/problem.ts';
import { defineRoute, type RouteRequest } from '../http/route.ts';
import { inTransactionAgain } from '../mongo/transaction.ts';
import type { Service } from '../registry.ts';
import { defineAccess, thoseOneMay } from '../auth/abilities.ts';
import { actDone } from '../audit/audit.ts';
import type { StoredEvent } from '../events/event.ts';
import { insertEvents } from '../events/outbox.ts';
import { newId } from '../ids.ts';
import { wakeOwners } from './queues.ts';
import { atOnce, DeadLetters, Work, workState, type DeadLetter, type WorkRow } from './work.ts';

const bounded = { maxTimeMS: limits.mongoMs };

const id = z.string().min(1).max(128);

const deadLetterQuery = pageQuery.extend({
  kind: z.string().max(100).optional(),
  cursor: z.string().max(500).optional(),
});

const redriveBody = z
  .strictObject({
    ids: z.array(id).min(1).max(limits.pageMax).optional(),
    kind: z.string().max(100).optional(),
    limit: z.int().min(1).max(1_000).default(1_000),
  })
  .refine((body) => (body.ids === undefined) !== (body.kind === undefined), 'Name either ids or a kind')
  .describe('Either `ids`, or a `kind` with at most `limit` of its dead letters');

/** Operations are their asker's. */
const operationsOf = defineAccess<Pick<WorkRow, 'actor'>>('operation', {
  read: [{ permission: 'operation.read.any' }, { where: ({ userId }) => ({ actor: userId }) }],
});

const operationView = z
  .strictObject({
    id: z.string(),
    kind: z.string(),
    state: workState.describe('`refused` is a final no with its problem; `dead` gave up'),
    result: z.unknown().optional().describe('What the request would have been answered with'),
    problem: storedProblem.optional(),
    acceptedAt: z.iso.datetime(),
    doneAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Operation' });

const deadLetterView = z
  .strictObject({
    id: z.string().describe('The id of the operation that gave up'),
    kind: z.string(),
    key: z.string(),
    error: z.string(),
    attempts: z.int(),
    requestId: z.string(),
    redrives: z.int(),
    acceptedAt: z.iso.datetime(),
    deadAt: z.iso.datetime(),
  })
  .meta({ id: 'DeadLetter' });

const redriveOutcome = z.strictObject({
  redriven: z.array(z.string()).describe('Ids that are tried again'),
  passedOver: z.array(z.string()).describe('Ids that are not dead any more'),
});

function presentOperation(row: WorkRow): z.output<typeof operationView> {
  return {
    id: row._id,
    kind: row.kind,
    state: row.state,
    ...(row.result === undefined ? {} : { result: row.result }),
    ...(row.problem === undefined ? {} : { problem: row.problem }),
    acceptedAt: row.acceptedAt.toISOString(),
    doneAt: row.doneAt?.toISOString() ?? null,
  };
}

function presentDeadLetter(letter: DeadLetter): z.output<typeof deadLetterView> {
  const { _id, kind, key, error, attempts, requestId, acceptedAt, deadAt, redrives } = letter;
  return {
    id: _id,
    kind,
    key,
    error,
    attempts,
    requestId,
    redrives,
    acceptedAt: acceptedAt.toISOString(),
    deadAt: deadAt.toISOString(),
  };
}

/** Who redrives, by which request. */
type Redriver = Pick<RouteRequest<unknown, unknown, unknown>, 'requestId' | 'traceparent'> & { readonly actor: string };

/** What the audit says of a redrive: whose, of how many, and which they are as far as they fit. */
function redriveAct(ids: readonly string[], { actor, requestId, traceparent }: Redriver, now: Date): StoredEvent {
  const act = newId();
  const target = { count: String(ids.length), ids: ids.join(' ') };
  const draft = actDone(act, { action: 'deadletter.redrive', target });
  return {
    _id: `${act}.0`,
    ...draft,
    actor,
    time: now,
    requestId,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/**
 * Sets dead rows back to `new`, with all their attempts, under their own id: their key, their Location and their
 * place in the audit stay what they were. What is not dead any more is passed over: of two who redrive the same at
 * once, each is told what was theirs.
 */
async function redrive(ids: readonly string[], by: Redriver): Promise<string[]> {
  const session = mongoose.connection.getClient().startSession();
  const now = new Date();
  try {
    let rows: WorkRow[] = [];
    await inTransactionAgain(session, async () => {
      rows = await Work.native()
        .find({ _id: { $in: [...ids] }, state: 'dead' }, { ...bounded, session })
        .toArray();
      const redriven = rows.map((row) => row._id);
      // At once, in the past for every clock: a pass that has begun already would otherwise pass over the row itself, see
      // that nothing holds its key any more, and take the later ones first.
      await Work.native().updateMany(
        { _id: { $in: redriven }, state: 'dead' },
        { $set: { state: 'new', attempts: 0, notBefore: atOnce }, $unset: { problem: '', doneAt: '', expireAt: '' } },
        { session },
      );
      await DeadLetters.native().updateMany(
        { _id: { $in: redriven }, redrivenAt: null },
        {
          $set: { redrivenAt: now, expireAt: new Date(now.getTime() + retention.deadLettersRedrivenMs) },
          $inc: { redrives: 1 },
        },
        { session },
      );
      await insertEvents(session, [redriveAct(redriven, by, now)]);
    });
    wakeOwners(rows);
    return rows.map((row) => row._id);
  } finally {
    await session.endSession();
  }
}

const routes = [
  defineRoute({
    method: 'get',
    path: '/api/operations/:id',
    summary: 'What became of accepted work',
    auth: 'user',
    scope: 'owner',
    params: z.strictObject({ id }),
    output: operationView,
    problems: [problems.notFound],
    handle: async ({ params, caller }) => {
      const own = { $and: [{ _id: params.id }, thoseOneMay(caller, 'read', operationsOf)] };
      const row = await Work.native().findOne(own, bounded);
      if (!row) {
        throw problems.notFound(`There is no operation ${params.id} of yours; settled ones are kept for a day`);
      }
      return { status: 200, body: presentOperation(row) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/dead-letters',
    summary: 'Work that gave up and waits for a redrive',
    auth: { permission: 'deadletter.read' },
    scope: 'role',
    query: deadLetterQuery,
    output: pageOf(deadLetterView),
    handle: async ({ query }) => {
      const after = query.cursor === undefined ? '' : z.string().parse(decodeCursor('dead-letters', query.cursor));
      const found = await DeadLetters.native()
        .find(
          { redrivenAt: null, _id: { $gt: after }, ...(query.kind === undefined ? {} : { kind: query.kind }) },
          { ...bounded, sort: { _id: 1 }, limit: query.limit + 1 },
        )
        .toArray();
      const cursorAfter = ({ _id }: DeadLetter): string => encodeCursor('dead-letters', _id);
      return { status: 200, body: toPage(found, query.limit, presentDeadLetter, cursorAfter) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/dead-letters/redrive',
    summary: 'Try dead letters again: some by id, or many of a kind',
    auth: { permission: 'deadletter.redrive' },
    scope: 'role',
    body: redriveBody,
    output: redriveOutcome,
    handle: async ({ body, caller, requestId, traceparent }) => {
      const ids =
        body.ids ??
        (
          await DeadLetters.native()
            .find({ kind: body.kind ?? '', redrivenAt: null }, { ...bounded, sort: { _id: 1 }, limit: body.limit })
            .toArray()
        ).map(({ _id }) => _id);
      const redriven = await redrive(ids, { actor: caller.userId, requestId, traceparent });
      return { status: 200, body: { redriven, passedOver: ids.filter((each) => !redriven.includes(each)) } };
    },
  }),
];

/** Operations and dead letters, in the shape of a service. */
export const operations: Service = { name: 'operations', routes };
