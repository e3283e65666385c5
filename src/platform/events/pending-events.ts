// Events as the version before the outbox wrote them: each names in `pending` the shards of feeds that have no places for it
// yet. They become rows of the outbox: in the migration step, before anything of this version commits, and for a day after
// it, because processes of that version may go on beside this one. What is taken over late may stand in its feeds behind
// what this version wrote meanwhile.
import mongoose, { type mongo } from 'mongoose';
import { logFor } from '../log.ts';
import { Meta } from '../mongo/meta.ts';
import type { Seed } from '../mongo/seed.ts';
import { inTransactionAgain } from '../mongo/transaction.ts';
import { Events, type StoredEvent } from './event.ts';
import { FeedOutbox, outboxRows } from './outbox.ts';

const log = logFor('outbox');

type PendingEvent = StoredEvent & { readonly pending?: readonly string[] };

/** Events that are looked at, and at most taken over, at once. */
const windowSize = 2_000;
/** Of each window: owners of the version before write the same events several times a second. */
const tries = 10;
/** `until`: the time of the last look; without it no event is like this any more. */
const metaId = 'feed-outbox';
const lateMs = 86_400_000;

/** The part of the migration step. */
export const outboxSeed: Seed = {
  of: 'feed-outbox.1',
  sow: async () => {
    const known = await Meta.native().findOne({ _id: metaId });
    if (known && known.until === undefined) {
      return;
    }
    await takeOver();
    const until = new Date(Date.now() + lateMs);
    await Meta.native().updateOne({ _id: metaId }, { $setOnInsert: { until } }, { upsert: true });
  },
};

/** Looks once more. False when that was the last look, or none was due. */
export async function lookOnceMore(now = new Date()): Promise<boolean> {
  const until = (await Meta.native().findOne({ _id: metaId }))?.until;
  if (until === undefined) {
    return false;
  }
  await takeOver();
  if (until > now) {
    return true;
  }
  await Meta.native().updateOne({ _id: metaId }, { $unset: { until: '' } });
  return false;
}

/**
 * Looks again after 1, 2, 4 … minutes: what an older process still wrote waits about as long again as it ran beside this
 * one. For whoever owns shards of feeds; told whether it owns the first one, so that one process looks.
 */
export function lateLooks(firstMs = 60_000): (isMine: boolean) => void {
  let mine = false;
  let planned = false;
  const plan = (waitMs: number): void => {
    planned = true;
    setTimeout(() => {
      void look().then((goesOn) => {
        planned = false;
        if (goesOn) {
          plan(waitMs * 2);
        }
      });
    }, waitMs).unref();
  };
  const look = async (): Promise<boolean> => {
    try {
      return mine && (await lookOnceMore());
    } catch (error) {
      log.debug({ reason: String(error) }, 'Could not look for events of the version before');
      return true;
    }
  };
  return (isMine) => {
    mine = isMine;
    if (mine && !planned) {
      plan(firstMs);
    }
  };
}

/**
 * Walks over all events, so many at once: there is no index of those that wait. Each window's rows appear and its events
 * lose their `pending` in one transaction, so whoever is killed half-way, or walks beside another, leaves nothing out and
 * takes nothing over twice.
 */
async function takeOver(): Promise<void> {
  const session = mongoose.connection.getClient().startSession();
  let count = 0;
  try {
    for (let after: string | undefined = ''; after !== undefined;) {
      const last: string | undefined = await endOfWindow(after);
      count += await takeOverWindow(session, { $gt: after, ...(last === undefined ? {} : { $lte: last }) });
      after = last;
    }
  } finally {
    await session.endSession();
  }
  if (count > 0) {
    log.info({ events: count }, 'Events that waited for their places wait in the outbox now');
  }
}

/** The last id of the window after an id; none where fewer events are left than a window holds. */
async function endOfWindow(after: string): Promise<string | undefined> {
  const last = await Events.native().findOne(
    { _id: { $gt: after } },
    { sort: { _id: 1 }, skip: windowSize - 1, projection: { _id: 1 } },
  );
  return last?._id;
}

async function takeOverWindow(session: mongo.ClientSession, _id: { $gt: string; $lte?: string }): Promise<number> {
  const events = Events.native() as unknown as mongo.Collection<PendingEvent>;
  let count = 0;
  // Again where an owner of the version before was numbering the same events, or another process was walking here.
  await inTransactionAgain(
    session,
    async () => {
      const waiting = await events
        .find(
          { _id, pending: { $exists: true } },
          { session, sort: { _id: 1 }, limit: windowSize, projection: { pending: 1, time: 1 } },
        )
        .toArray();
      count = waiting.length;
      if (count === 0) {
        return;
      }
      const rows = outboxRows(waiting.map((event) => ({ ...event, shards: event.pending ?? [] })));
      if (rows.length > 0) {
        await FeedOutbox.native().insertMany(rows, { session });
      }
      const taken = { _id: { $in: waiting.map((event) => event._id) } };
      await events.updateMany(taken, { $unset: { pending: '' } }, { session });
    },
    tries,
  );
  return count;
}
