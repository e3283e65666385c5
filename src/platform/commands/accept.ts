// Accepting work: requests of the same moment share one insert and one job for each owner. No answer is given before
// the row is durable.
import { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import { problems, unavailable } from '../errors.ts';
import { logFor } from '../log.ts';
import { countAccepted } from '../metrics/metrics.ts';
import { within } from '../mongo/deadline.ts';
import { wakeOwners } from './queues.ts';
import { standingRows } from './standing.ts';
import { Work, type WorkRow } from './work.ts';

const log = logFor('accept');

interface Offer {
  readonly row: WorkRow;
  readonly accepted: (row: WorkRow) => void;
  readonly refused: (error: Error) => void;
}

const waiting: Offer[] = [];
let inserting = false;

/**
 * Makes a row durable and wakes its owner. Resolves with the row that stands for the request: this one, or the first
 * one under the same Idempotency-Key. @throws idempotency.body-differs, server.unavailable
 */
export async function accept(row: WorkRow): Promise<WorkRow> {
  return await new Promise((accepted, refused) => {
    waiting.push({ row, accepted, refused });
    if (!inserting) {
      inserting = true;
      // Requests that were read from the sockets in this turn of the event loop come along.
      setImmediate(() => void insertWaiting());
    }
  });
}

async function insertWaiting(): Promise<void> {
  while (waiting.length > 0) {
    const offers = waiting.splice(0, limits.acceptBatch);
    try {
      const taken = await insertNew(offers.map((offer) => offer.row));
      const fresh = offers.filter((_, index) => !taken.has(index));
      wakeOwners(fresh.map((offer) => offer.row));
      countAccepted(fresh.map((offer) => offer.row));
      fresh.forEach((offer) => offer.accepted(offer.row));
      await answerWithFirst(offers.filter((_, index) => taken.has(index)));
    } catch (error) {
      await recover(offers, error);
    }
  }
  inserting = false;
}

/** Inserts; returns the indexes of the rows whose Idempotency-Key is taken. */
async function insertNew(rows: readonly WorkRow[]): Promise<Set<number>> {
  try {
    await within(
      Work.native().insertMany([...rows], {
        ordered: false,
        writeConcern: { w: 'majority', journal: true },
        maxTimeMS: limits.mongoMs,
      }),
    );
    return new Set();
  } catch (error) {
    if (error instanceof mongo.MongoBulkWriteError) {
      const failures = [error.writeErrors].flat();
      // The driver wraps a broken connection in the same error, without write errors: then nothing is known.
      const told = failures.length > 0 && error.result.getWriteConcernError() === undefined;
      if (told && failures.every((failure) => failure.code === 11_000)) {
        return new Set(failures.map((failure) => failure.index));
      }
    }
    throw error;
  }
}

/**
 * Their keys are taken: the first row under a key stands for its repeats too, if they are the same request. Or their
 * owner, to whom they had been handed, has written them meanwhile.
 */
async function answerWithFirst(offers: readonly Offer[]): Promise<void> {
  if (offers.length === 0) {
    return;
  }
  try {
    const firsts = await within(firstsOf(offers.map(({ row }) => row)));
    offers.forEach((offer) => answerRepeat(offer, firsts.get(offer.row._id)));
  } catch (error) {
    offers.forEach(({ refused }) => refused(unavailable(error)));
  }
}

/** The rows that stand for these. What only this server has seen settled may be taken back: it counts as undone. */
async function firstsOf(rows: readonly WorkRow[]): Promise<Map<string, WorkRow>> {
  const options = { maxTimeMS: limits.mongoMs };
  const firsts = await standingRows(rows, { ...options, readConcern: 'majority' });
  const others = rows.filter(({ _id }) => !firsts.has(_id));
  const seen = others.length > 0 ? await standingRows(others, options) : new Map<string, WorkRow>();
  seen.forEach((first, id) => firsts.set(id, { ...first, state: 'new' }));
  return firsts;
}

function answerRepeat({ row, accepted, refused }: Offer, first: WorkRow | undefined): void {
  if (!first) {
    refused(unavailable(undefined));
  } else if (first.requestHash !== row.requestHash) {
    refused(problems.keyReused());
  } else {
    accepted(first);
  }
}

/** The insert failed, perhaps after it was done: rows that are there are accepted, the others are refused. */
async function recover(offers: readonly Offer[], cause: unknown): Promise<void> {
  log.warn({ rows: offers.length, reason: String(cause) }, 'Work could not be written at once');
  const there = new Set<string>();
  try {
    const ids = offers.map((offer) => offer.row._id);
    const rows = await within(
      Work.native()
        .find({ _id: { $in: ids } }, { maxTimeMS: limits.mongoMs, readConcern: 'majority' })
        .project<{ _id: string }>({ _id: 1 })
        .toArray(),
      2 * limits.mongoMs,
    );
    rows.forEach((row) => there.add(row._id));
  } catch {
    // MongoDB is away: the callers are told to come back with the same key.
  }
  wakeOwners(offers.map((offer) => offer.row).filter((row) => there.has(row._id)));
  for (const offer of offers) {
    if (there.has(offer.row._id)) {
      offer.accepted(offer.row);
    } else {
      offer.refused(unavailable(cause));
    }
  }
}
