// The state a batch decides on: what was loaded from MongoDB once, with the batch's own writes on top.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import type { Collection } from '../mongo/collection.ts';
import type { Kept } from './kept.ts';
import type { Reader, State, Write } from './command.ts';

type Documents = Map<string, { _id: string } | null>;

/** Loaded documents and the writes decided so far. One for each batch; never kept. */
export class Overlay implements Reader, State {
  readonly #loaded = new Map<string, Documents>();
  readonly #written = new Map<string, Documents>();
  /** Ids by the values of further members, for those collections that were asked by one. */
  readonly #indexes = new Map<string, Map<string, Map<string, string | null>>>();
  readonly #kept: Kept | undefined;

  /** `kept`: what is known without asking. */
  constructor(kept?: Kept) {
    this.#kept = kept;
  }

  /** Reads what this batch has not read yet. Missing documents are remembered as missing. */
  async read<Doc extends { _id: string }>(from: Collection<Doc>, ids: Iterable<string>): Promise<(Doc | null)[]> {
    const known = documentsOf(this.#loaded, from.name);
    const asked = [...ids];
    const missing = [...new Set(asked)].filter((id) => !known.has(id) && !this.#recall(from, known, id));
    if (missing.length > 0) {
      const found = await from
        .native()
        .find({ _id: { $in: missing } } as mongo.Filter<Doc>, { maxTimeMS: limits.mongoMs })
        .toArray();
      const byId = new Map(found.map((doc) => [String(doc._id), doc]));
      for (const id of missing) {
        known.set(id, byId.get(id) ?? null);
      }
    }
    return asked.map((id) => (known.get(id) ?? null) as Doc | null);
  }

  /** Takes a document that the owner remembers as read; false where it remembers none. */
  #recall<Doc extends { _id: string }>(from: Collection<Doc>, known: Documents, id: string): boolean {
    const doc = this.#kept?.get(from, id);
    if (doc) {
      known.set(id, doc);
    }
    return doc !== undefined;
  }

  async readBy<Doc extends { _id: string }>(
    from: Collection<Doc>,
    member: keyof Doc & string,
    values: Iterable<string>,
  ): Promise<void> {
    const members = this.#indexes.get(from.name) ?? new Map<string, Map<string, string | null>>();
    this.#indexes.set(from.name, members);
    const index = members.get(member) ?? new Map<string, string | null>();
    members.set(member, index);
    const missing = [...new Set(values)].filter((value) => !index.has(value));
    if (missing.length === 0) {
      return;
    }
    const found = await from
      .native()
      .find({ [member]: { $in: missing } } as mongo.Filter<Doc>, { maxTimeMS: limits.mongoMs })
      .toArray();
    missing.forEach((value) => index.set(value, null));
    for (const doc of found as Doc[]) {
      documentsOf(this.#loaded, from.name).set(doc._id, doc);
      index.set(String(doc[member]), doc._id);
    }
  }

  getBy<Doc extends { _id: string }>(from: Collection<Doc>, member: keyof Doc & string, value: string): Doc | null {
    const id = this.#indexes.get(from.name)?.get(member)?.get(value);
    if (id === undefined) {
      throw new Error(`No document of ${from.name} was looked up by this ${member}: name it in the command's load`);
    }
    const doc = id === null ? null : this.get(from, id);
    // A command before this one may have given the document another value.
    return doc && doc[member] === value ? doc : null;
  }

  get<Doc extends { _id: string }>(from: Collection<Doc>, id: string): Doc | null {
    const written = this.#written.get(from.name)?.get(id);
    if (written !== undefined) {
      return written as Doc | null;
    }
    const loaded = this.loaded(from.name, id);
    if (loaded === undefined) {
      throw new Error(`The document ${id} of ${from.name} was not loaded: name it in the command's load`);
    }
    return loaded as Doc | null;
  }

  /** What MongoDB held when the batch began: a document, null for none, undefined where nobody asked. */
  loaded(collection: string, id: string): { _id: string } | null | undefined {
    return this.#loaded.get(collection)?.get(id);
  }

  /** Lays a command's writes on top, for the commands after it. An insert over something that exists throws. */
  apply(writes: readonly Write[]): void {
    const inserted = new Set<string>();
    for (const { into, doc } of writes.filter(({ op }) => op === 'insert')) {
      const place = `${into.name} ${doc._id}`;
      const there = this.#written.get(into.name)?.get(doc._id) ?? this.loaded(into.name, doc._id);
      if (there || inserted.has(place)) {
        throw new Error(`The document ${doc._id} of ${into.name} exists and cannot be inserted`);
      }
      inserted.add(place);
    }
    for (const { into, doc } of writes) {
      documentsOf(this.#written, into.name).set(doc._id, doc);
      for (const [member, index] of this.#indexes.get(into.name) ?? []) {
        index.set(String((doc as Record<string, unknown>)[member]), doc._id);
      }
    }
  }
}

function documentsOf(map: Map<string, Documents>, collection: string): Documents {
  let documents = map.get(collection);
  if (!documents) {
    documents = new Map();
    map.set(collection, documents);
  }
  return documents;
}
