// Leaderboards: the truth is a collection with an index in the board's order; a Redis sorted set answers quicker while
// it is known to be whole. Known to be whole means: built in the current generation, and its marker is still there.
import { setTimeout as delay } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import type { Projection } from '../commands/projection.ts';
import { newId } from '../ids.ts';
import { logFor } from '../log.ts';
import { defineCollection, type Collection } from '../mongo/collection.ts';
import { addToBoard, beginBoard, finishBoard, readBoard, type BoardEntry, type From } from './board-redis.ts';

const bounded = { maxTimeMS: limits.mongoMs };

const log = logFor('boards');
const rebuildChunk = 1_000;
/** How long a reader may go on with the generation it has seen. */
const generationMs = 1_000;

/** Which build of a board's Redis set can be trusted. */
interface BoardRow {
  readonly _id: string;
  readonly generation: number;
}

const Boards = defineCollection<BoardRow>('boards', { generation: Number });

/** A row of the truth: `score` is under the board's own field name. */
export interface Scored {
  readonly _id: string;
  /** Milliseconds. Among equal scores the earlier one stands higher, then the greater id. */
  readonly achievedAt: number;
  readonly rev: number;
}

/** How equal scores are numbered: 1 2 3 · 1 1 3 · 1 1 2. */
export type RankMode = 'ordinal' | 'competition' | 'dense';

/** A part of a board, from `offset` places below the top. */
export interface BoardPage {
  readonly places: readonly { readonly rank: number; readonly owner: string; readonly score: number }[];
  readonly offset: number;
  readonly hasMore: boolean;
  readonly asOf: Date;
}

/** A leaderboard over a collection of documents with an integer `scoreField`, below 2^53. */
export class Board<Doc extends Scored> implements Projection {
  readonly name: string;
  readonly of: Collection<{ _id: string }>;
  readonly #truth: Collection<Doc>;
  readonly #scoreField: string;
  #generation = { value: 0, readAt: 0 };
  #rebuilding: Promise<void> | undefined;
  #invalidating: Promise<void> | undefined;

  constructor(name: string, truth: Collection<Doc>, scoreField: keyof Doc & string) {
    this.name = name;
    this.#truth = truth;
    this.of = truth as unknown as Collection<{ _id: string }>;
    this.#scoreField = scoreField;
  }

  /** Takes committed documents over into the set. What cannot be told to Redis makes the set void. */
  async push(docs: readonly { _id: string }[]): Promise<void> {
    try {
      await addToBoard(
        this.name,
        docs.map((doc) => this.#entry(doc as Doc)),
      );
    } catch (error) {
      log.debug({ board: this.name, reason: String(error) }, 'Redis was not told of new scores; the set is void');
      await this.#invalidate();
    }
  }

  /** An owner vanished, perhaps between commit and push: the set is void. */
  async onTakeover(): Promise<void> {
    await this.#invalidate();
  }

  /** A generation no set can have been built under: the clock in milliseconds is far beyond any count of take-overs. */
  async onRestore(): Promise<void> {
    const generation = Date.now();
    await Boards.native().updateOne({ _id: this.name }, { $set: { generation } }, { upsert: true });
    this.#generation.readAt = 0;
  }

  /** A page of the board, null where `around` names nobody who is on it. */
  async page(from: From, limit: number, mode: RankMode): Promise<BoardPage | null> {
    const generation = await this.#currentGeneration();
    const quick = mode === 'dense' ? null : await readBoard(this.name, generation, from, limit);
    if (quick === 'absent') {
      return null;
    }
    if (quick) {
      return { ...this.#ranked(quick, mode === 'competition' ? quick.better + 1 : null), asOf: new Date() };
    }
    if (mode !== 'dense') {
      this.#rebuild(generation);
    }
    return await this.#pageOfTruth(from, limit, mode);
  }

  #ranked(
    part: { entries: readonly { owner: string; score: number }[]; offset: number; total: number },
    firstRank: number | null,
  ): Omit<BoardPage, 'asOf'> {
    let rank = firstRank ?? part.offset + 1;
    const places = part.entries.map(({ owner, score }, index) => {
      if (index > 0 && (firstRank === null || score !== part.entries[index - 1]?.score)) {
        rank = part.offset + index + 1;
      }
      return { rank, owner, score };
    });
    return { places, offset: part.offset, hasMore: part.offset + places.length < part.total };
  }

  #entry(doc: Doc): BoardEntry {
    return { owner: doc._id, score: this.#score(doc), achievedAt: doc.achievedAt, rev: doc.rev };
  }

  #score(doc: Doc): number {
    return Number((doc as unknown as Record<string, unknown>)[this.#scoreField]);
  }

  async #pageOfTruth(from: From, limit: number, mode: RankMode): Promise<BoardPage | null> {
    const collection = this.#truth.native();
    const total = await collection.estimatedDocumentCount(bounded);
    let offset: number;
    if ('around' in from) {
      const doc = (await collection.findOne({ _id: from.around } as mongo.Filter<Doc>, bounded)) as Doc | null;
      if (!doc) {
        return null;
      }
      offset = pageAround(await this.#placesAbove(doc), limit, total);
    } else {
      offset = from.offset;
    }
    const docs = (await collection
      .find({}, { sort: { [this.#scoreField]: -1, achievedAt: 1, _id: -1 }, skip: offset, limit, ...bounded })
      .toArray()) as unknown as Doc[];
    const entries = docs.map((doc) => ({ owner: doc._id, score: this.#score(doc) }));
    const page = this.#ranked({ entries, offset, total }, await this.#firstRank(entries[0]?.score, mode));
    return { ...(mode === 'dense' ? { ...page, places: densely(page.places) } : page), asOf: new Date() };
  }

  async #firstRank(score: number | undefined, mode: RankMode): Promise<number | null> {
    if (mode === 'ordinal' || score === undefined) {
      return null;
    }
    const above = { [this.#scoreField]: { $gt: score } } as mongo.Filter<Doc>;
    if (mode === 'competition') {
      return (await this.#truth.native().countDocuments(above, bounded)) + 1;
    }
    const [distinct] = await this.#truth
      .native()
      .aggregate<{ count: number }>(
        [{ $match: above }, { $group: { _id: `$${this.#scoreField}` } }, { $count: 'count' }],
        bounded,
      )
      .toArray();
    return (distinct?.count ?? 0) + 1;
  }

  async #placesAbove(doc: Doc): Promise<number> {
    const score = this.#score(doc);
    const { achievedAt } = doc;
    const better = [
      { [this.#scoreField]: { $gt: score } },
      { [this.#scoreField]: score, achievedAt: { $lt: achievedAt } },
      { [this.#scoreField]: score, achievedAt, _id: { $gt: doc._id } },
    ];
    return await this.#truth.native().countDocuments({ $or: better } as unknown as mongo.Filter<Doc>, bounded);
  }

  async #currentGeneration(): Promise<number> {
    if (Date.now() - this.#generation.readAt > generationMs) {
      this.#generation = { value: await this.#readGeneration(), readAt: Date.now() };
    }
    return this.#generation.value;
  }

  async #readGeneration(): Promise<number> {
    return (await Boards.native().findOne({ _id: this.name }, bounded))?.generation ?? 0;
  }

  /** Makes every set that was built so far void, however long MongoDB takes to hear of it. */
  async #invalidate(): Promise<void> {
    this.#invalidating ??= this.#raiseGeneration().finally(() => {
      this.#invalidating = undefined;
    });
    await this.#invalidating;
  }

  async #raiseGeneration(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await Boards.native().updateOne({ _id: this.name }, { $inc: { generation: 1 } }, { upsert: true });
        this.#generation.readAt = 0;
        return;
      } catch (error) {
        if (error instanceof mongo.MongoServerError && error.code === 11_000) {
          continue;
        }
        if (attempt > 60) {
          log.error({ board: this.name, err: error }, 'A board could not be made void');
          return;
        }
        await delay(Math.min(attempt * 100, 2_000));
      }
    }
  }

  #rebuild(generation: number): void {
    if (this.#rebuilding) {
      return;
    }
    this.#rebuilding = this.#build(generation)
      .catch((error: unknown) => log.debug({ board: this.name, reason: String(error) }, 'The set was not built'))
      .finally(() => {
        this.#rebuilding = undefined;
      });
  }

  async #build(generation: number): Promise<void> {
    const token = `${generation}.${newId()}`;
    if (!(await beginBoard(this.name, token))) {
      return;
    }
    let chunk: BoardEntry[] = [];
    let count = 0;
    for await (const doc of this.#truth.native().find({}, { maxTimeMS: limits.mongoStreamMs })) {
      chunk.push(this.#entry(doc as unknown as Doc));
      if (chunk.length === rebuildChunk) {
        await addToBoard(this.name, chunk, token);
        count += chunk.length;
        chunk = [];
      }
    }
    await addToBoard(this.name, chunk, token);
    await finishBoard(this.name, token);
    log.info({ board: this.name, entries: count + chunk.length, generation }, 'A board was built');
  }
}

/** Nakama's rule for "around me": a full page with the owner in its middle, shifted at both ends. */
function pageAround(place: number, limit: number, total: number): number {
  return Math.max(0, Math.min(place - Math.floor(limit / 2), total - limit));
}

function densely(places: BoardPage['places']): BoardPage['places'] {
  let rank = places[0]?.rank ?? 1;
  return places.map((place, index) => {
    const before = places[index - 1];
    if (before && before.score !== place.score) {
      rank += 1;
    }
    return { ...place, rank };
  });
}
