// Writes a plan inside a transaction: one bulk for each collection.
import type { mongo } from 'mongoose';
import { insertEvents } from '../events/outbox.ts';
import type { Collection } from '../mongo/collection.ts';
import type { Overlay } from './overlay.ts';
import { settledFields, type Plan, type Settlement } from './plan.ts';
import { Work, type WorkRow } from './work.ts';

/** A document was not as it was read: somebody else wrote it, so the batch starts again from a fresh read. */
export class Stale extends Error {
  constructor(collection: string) {
    super(`A document of ${collection} changed between read and write`);
    this.name = 'Stale';
  }
}

/** Inserts and last puts of a plan, by collection. A document that is put often is written once, as it ends. */
interface Bulk {
  readonly into: Collection<{ _id: string }>;
  readonly inserts: Map<string, { _id: string }>;
  readonly puts: Map<string, { _id: string }>;
}

function bulksOf(plan: Plan): Bulk[] {
  const bulks = new Map<string, Bulk>();
  for (const { op, into, doc } of plan.writes) {
    let bulk = bulks.get(into.name);
    if (!bulk) {
      bulk = { into, inserts: new Map(), puts: new Map() };
      bulks.set(into.name, bulk);
    }
    // A put of what this batch inserts changes the insert.
    (op === 'insert' || bulk.inserts.has(doc._id) ? bulk.inserts : bulk.puts).set(doc._id, doc);
  }
  return [...bulks.values()];
}

/**
 * Writes everything but the command rows themselves. `guard` checks each put against the revision that was read
 * (`rev`), for writers that own nothing; owners are guarded by their fence.
 */
export async function writeEffects(
  session: mongo.ClientSession,
  plan: Plan,
  guard: { overlay: Overlay } | null,
): Promise<void> {
  for (const { into, inserts, puts } of bulksOf(plan)) {
    if (inserts.size > 0) {
      await into.native().insertMany([...inserts.values()], { session, ordered: true });
    }
    if (puts.size > 0) {
      await putAll(session, into, puts, guard);
    }
  }
  await insertEvents(session, plan.events);
  if (plan.work.length > 0) {
    await Work.native().insertMany(plan.work, { session });
  }
}

async function putAll(
  session: mongo.ClientSession,
  into: Bulk['into'],
  puts: Bulk['puts'],
  guard: { overlay: Overlay } | null,
): Promise<void> {
  const operations = [...puts.values()].map((doc) => {
    const before = guard?.overlay.loaded(into.name, doc._id) as { rev?: number } | null | undefined;
    if (guard && before === null) {
      return { insertOne: { document: doc } };
    }
    const filter = before ? { _id: doc._id, rev: before.rev ?? 0 } : { _id: doc._id };
    return { replaceOne: { filter, replacement: doc, upsert: !before } };
  });
  const written = await into.native().bulkWrite(operations as mongo.AnyBulkWriteOperation<{ _id: string }>[], {
    session,
    ordered: false,
  });
  if (written.matchedCount + written.upsertedCount + written.insertedCount !== puts.size) {
    throw new Stale(into.name);
  }
}

/**
 * Settles the rows the plan decided. They were read as `new` under the tenure whose fence this transaction passed, so
 * their ids are enough (and MongoDB finds a document by nothing but its id most cheaply). Those that are not written
 * yet are inserted as they ended.
 */
export async function settleRows(
  session: mongo.ClientSession,
  plan: Plan,
  unwritten: ReadonlySet<string>,
  now: Date,
): Promise<void> {
  const fresh = plan.settlements.filter(({ row }) => unwritten.has(row._id));
  if (fresh.length > 0) {
    await insertSettled(session, fresh, now, true);
  }
  const written = plan.settlements.filter(({ row }) => !unwritten.has(row._id));
  if (written.length === 0) {
    return;
  }
  const operations = written.map((settlement) => ({
    updateOne: {
      filter: { _id: settlement.row._id },
      update: { $set: settledFields(settlement, now) },
    },
  }));
  const settled = await Work.native().bulkWrite(operations, { session, ordered: false });
  if (settled.matchedCount !== written.length) {
    throw new Stale(Work.name);
  }
}

/**
 * Writes the rows of commands that were done before they were written, settled from the start. Rows that are not recorded say that
 * something was done and by which request, but neither what was asked nor what was answered.
 */
export async function insertSettled(
  session: mongo.ClientSession | undefined,
  settlements: readonly Settlement[],
  now: Date,
  recorded: boolean,
): Promise<void> {
  const rows = settlements.map((settlement): WorkRow => {
    const row = { ...settlement.row, ...settledFields(settlement, now) };
    return recorded ? row : { ...row, input: null, result: null };
  });
  await Work.native().insertMany(rows, session ? { session } : {});
}
