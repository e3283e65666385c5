// One look for all owners of a process. An owner that has nothing to do sleeps until something waits for it: each pool
// looking for itself, four times a second, cost workers that did nothing two fifths more.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import { leases } from '#config/pools.ts';
import { logFor } from '../log.ts';
import { within } from '../mongo/deadline.ts';
import { Work } from './work.ts';

const log = logFor('lookout');

/** Where something may wait for the owner of some shards. It is looked for all the time: along an index, or among few. */
export interface Place {
  /** The name of a collection. */
  readonly in: string;
  /** The filter of what waits. */
  readonly waits: (shards: readonly string[], now: Date) => mongo.Document;
}

/** An owner that wants to be told. */
export interface Watcher {
  readonly places: readonly Place[];
  /** Its shards now; without any it is left alone. */
  readonly shards: () => readonly string[];
  /** Something waits in its places, or nobody could look. */
  readonly found: () => void;
}

const watchers = new Set<Watcher>();
let ticks: NodeJS.Timeout | undefined;
let looking = false;

/** Looks for this owner, too, every `pollMs` from now on, until the function it returns is called. */
export function lookFor(watcher: Watcher): () => void {
  watchers.add(watcher);
  ticks ??= setInterval(() => void look(), leases.pollMs);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(ticks);
      ticks = undefined;
    }
  };
}

async function look(): Promise<void> {
  if (looking) {
    return;
  }
  looking = true;
  const asked = [...watchers].filter(({ shards }) => shards().length > 0);
  try {
    const waiting = await within(whoseWaits(asked, new Date()));
    waiting.forEach(({ found }) => found());
  } catch (error) {
    log.debug({ reason: String(error) }, 'Could not look for what waits; the owners look for themselves');
    asked.forEach(({ found }) => found());
  } finally {
    looking = false;
  }
}

/** Those of the watchers in whose places something waits: one command, whatever their number. */
export async function whoseWaits(asked: readonly Watcher[], now: Date): Promise<Watcher[]> {
  const looks = asked.flatMap(({ places, shards }, index) =>
    places.map((place) => ({
      $unionWith: {
        coll: place.in,
        pipeline: [{ $match: place.waits(shards(), now) }, { $limit: 1 }, { $project: { _id: { $literal: index } } }],
      },
    })),
  );
  if (looks.length === 0) {
    return [];
  }
  const found = await Work.native()
    // Of the collection itself nothing, so that all of them are asked alike.
    .aggregate<{ _id: number }>([{ $match: { _id: { $in: [] } } }, ...looks], { maxTimeMS: limits.mongoMs })
    .toArray();
  const indexes = new Set(found.map(({ _id }) => _id));
  return asked.filter((_, index) => indexes.has(index));
}
