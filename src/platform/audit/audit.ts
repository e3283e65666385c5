// What admins did, and the list of it. An act inside MongoDB is one event of the transaction that does it (`actDone`); one
// outside, such as on the board of queues, has an event before it and one after it (`audited`). Part of the platform, in
// the shape of a service.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { defineCommand, type EventDraft } from '../commands/command.ts';
import type { Submit } from '../commands/submit.ts';
import { defineEvent, Events, type StoredEvent } from '../events/event.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery, toPage, type Page } from '../http/cursor.ts';
import { defineRoute } from '../http/route.ts';
import { newId } from '../ids.ts';
import type { Service } from '../registry.ts';

const actName = z.string().regex(/^[a-z][a-z-]*(?:\.[a-z][a-z-]*)+$/u);

/** Longer values of a target are cut: what was done in full is told by the event of the thing itself. */
const longest = 256;

const actData = z.strictObject({
  /** Names the act: its beginning and its end carry the same. */
  act: z.string().min(1).max(64),
  /** What was done, such as `queue.job.retry`. */
  action: actName.max(64),
  /** What it was done to, such as `{queue, job}`. No inputs, no secrets. */
  target: z.record(z.string().max(32), z.string().max(longest)),
  /** First `begun`, then what came of it: an act that stays `begun` was cut off, and may have happened or not. */
  outcome: z.enum(['begun', 'done', 'refused', 'failed']),
});
type ActData = z.output<typeof actData>;

/** An admin did something. */
const adminActed = defineEvent('admin.acted', actData);

/** What an admin does: an action and its target, as in `admin.acted`. */
export type Act = Pick<ActData, 'action' | 'target'>;

/**
 * The event of an act that is done inside MongoDB: for the decision, or the transaction, that does it. `act` is the id of
 * its command.
 */
export function actDone(act: string, { action, target }: Act): EventDraft {
  const cut = Object.entries(target).map(([name, value]) => [name, value.slice(0, longest)] as const);
  const data: ActData = { act, action, target: Object.fromEntries(cut), outcome: 'done' };
  return adminActed.draft({ subject: `act.${act}`, audience: [], data });
}

const recordAct = defineCommand({
  kind: 'audit.act.record',
  pool: 'direct',
  input: actData,
  key: (input) => `act.${input.act}`,
  load: async () => await Promise.resolve(),
  decide: (_state, { input }) => ({
    events: [adminActed.draft({ subject: `act.${input.act}`, audience: [], data: input })],
    result: { act: input.act },
  }),
});

/** Who acts, by which request. */
export interface Acting {
  readonly userId: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

/**
 * Does an act outside MongoDB between two records: that it begins, and what came of it. It is not done where the first
 * cannot be written. `outcomeOf` judges what the act gave. Errors: those of the act; server.unavailable.
 */
export async function audited<T>(
  submit: Submit,
  { userId, requestId, traceparent }: Acting,
  act: Act,
  outcomeOf: (given: T) => 'done' | 'refused' | 'failed',
  doIt: () => Promise<T>,
): Promise<T> {
  const id = newId();
  const context = { caller: { userId }, requestId, traceparent, header: () => undefined };
  const record = async (outcome: ActData['outcome']): Promise<void> => {
    await submit(context, recordAct, { act: id, ...act, outcome });
  };
  await record('begun');
  let given: T;
  try {
    given = await doIt();
  } catch (error) {
    await record('failed');
    throw error;
  }
  await record(outcomeOf(given));
  return given;
}

const actView = actData.extend({
  id: z.string(),
  actor: z.string(),
  at: z.iso.datetime(),
  requestId: z.string(),
});

const actQuery = pageQuery.extend({
  /** Id of the user who acted. */
  actor: z.string().min(1).max(64).optional(),
  /** An action, or the beginning of several up to a dot (`queue`). */
  action: z
    .string()
    .max(64)
    .regex(/^[a-z-]+(?:\.[a-z-]+)*$/u)
    .optional(),
});

function presentAct(event: StoredEvent): z.output<typeof actView> {
  const { act, action, target, outcome } = event.data as ActData;
  const { _id, actor, time, requestId } = event;
  return { id: _id, at: time.toISOString(), actor, requestId, act, action, target, outcome };
}

async function findActs(query: z.output<typeof actQuery>): Promise<Page<z.output<typeof actView>>> {
  const { actor, action, limit, cursor } = query;
  // Ids of events sort by time; the partial index on the type holds nothing else.
  const before = cursor === undefined ? null : z.string().parse(decodeCursor('audit', cursor));
  const rows = await Events.native()
    .find(
      {
        type: adminActed.type,
        ...(before === null ? {} : { _id: { $lt: before } }),
        ...(actor === undefined ? {} : { actor }),
        // A range instead of a pattern: `/` is the character after `.`.
        ...(action === undefined
          ? {}
          : { $or: [{ 'data.action': action }, { 'data.action': { $gte: `${action}.`, $lt: `${action}/` } }] }),
      },
      { sort: { _id: -1 }, limit: limit + 1, maxTimeMS: limits.mongoMs },
    )
    .toArray();
  return toPage(rows, limit, presentAct, ({ _id }) => encodeCursor('audit', _id));
}

/** The list of acts and the command that records them, in the shape of a service. */
export const audit: Service = {
  name: 'audit',
  commands: [recordAct],
  routes: [
    defineRoute({
      method: 'get',
      path: '/api/audit',
      summary: 'What admins did, the newest first',
      auth: { permission: 'audit.read' },
      scope: 'role',
      query: actQuery,
      output: pageOf(actView),
      handle: async ({ query }) => ({ status: 200, body: await findActs(query) }),
    }),
  ],
};
