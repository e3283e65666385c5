// Writes a plan inside a transaction: one bulk for each collection.
import { isDeepStrictEqual } from 'node:util';
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

/** What a batch knows of the documents it writes. `guarded`: nobody owns them, so each put checks the `rev` it was read with. */
export interface Before {
  readonly overlay: Overlay;
  readonly guarded: boolean;
}

/** Writes everything but the command rows themselves. Without `before` each document is put whole. */
export async function writeEffects(session: mongo.ClientSession, plan: Plan, before: Before | null): Promise<void> {
  for (const { into, inserts, puts } of bulksOf(plan)) {
    if (into.kept && before?.guarded) {
      throw new Error(`${into.name} is written by the owners of its shards only`);
    }
    if (inserts.size > 0) {
      await into.native().insertMany([...inserts.values()], { session, ordered: true });
    }
    if (puts.size > 0) {
      await putAll(session, into, puts, before);
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
  before: Before | null,
): Promise<void> {
  const operations = [...puts.values()].map((doc) => putOf(into, doc, before));
  const written = await into.native().bulkWrite(operations, { session, ordered: false });
  if (written.matchedCount + written.upsertedCount + written.insertedCount !== puts.size) {
    throw new Stale(into.name);
  }
}

/** How a document is put: what changed of one that was read, otherwise all of it. */
function putOf(
  into: Bulk['into'],
  doc: { readonly _id: string },
  before: Before | null,
): mongo.AnyBulkWriteOperation<{ _id: string }> {
  const there = before?.overlay.loaded(into.name, doc._id);
  if (there) {
    const filter = before?.guarded ? { _id: doc._id, rev: (there as { rev?: number }).rev ?? 0 } : { _id: doc._id };
    return { updateOne: { filter, update: changesOf(there, doc) } };
  }
  return before?.guarded && there === null
    ? { insertOne: { document: doc } }
    : { replaceOne: { filter: { _id: doc._id }, replacement: doc, upsert: true } };
}

/**
 * What makes a document of another one. MongoDB leaves the indexes of members alone that are not named, and writes less
 * into its log: a small change of a document with four indexes costs it a third of a replacement.
 */
function changesOf(before: object, after: object): mongo.UpdateFilter<{ _id: string }> {
  const was = new Map(Object.entries(before));
  const now = Object.entries(after);
  const set = now.filter(([member, value]) => !was.has(member) || !isSame(was.get(member), value));
  now.forEach(([member]) => was.delete(member));
  return {
    // Never empty: an update without operators would be none.
    $set: set.length > 0 ? Object.fromEntries(set) : { _id: (after as { _id: string })._id },
    ...(was.size > 0 ? { $unset: Object.fromEntries([...was.keys()].map((member) => [member, ''] as const)) } : {}),
  };
}

function isSame(before: unknown, after: unknown): boolean {
  return before === after || isDeepStrictEqual(before, after);
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
