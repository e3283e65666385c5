// The mark of a restore that is under way. While it is there no process of the product starts: what they would find is
// neither what was nor what is to be. Written by restore.ts, read at every boot.
import { defineCollection } from '../mongo/collection.ts';
import { BootRefusal } from '../mongo/connect.ts';

/** `loading`: the old database is untouched · `replacing`: it is being replaced and nothing of it can be trusted. */
export type RestorePhase = 'loading' | 'replacing';

interface RestoreRow {
  readonly _id: string;
  readonly phase: RestorePhase;
  readonly from: string;
  readonly begunAt: Date;
}

/** Restores under way: at most one row. A collection of its own, which no restore replaces. */
const Restores = defineCollection<RestoreRow>('restores', { phase: String, from: String, begunAt: Date });
const id = 'now';

/** The collection no backup holds and no restore touches. */
export const markerCollection = Restores.name;

/** The restore that was begun here and not ended, or null. */
export async function restoreUnderWay(): Promise<Pick<RestoreRow, 'phase' | 'from' | 'begunAt'> | null> {
  return await Restores.native().findOne({ _id: id });
}

/** Marks that a restore has come to a phase. */
export async function markRestore(phase: RestorePhase, from: string): Promise<void> {
  await Restores.native().updateOne(
    { _id: id },
    { $set: { phase, from }, $setOnInsert: { begunAt: new Date() } },
    { upsert: true },
  );
}

/** Takes the mark away: the database is whole. */
export async function unmarkRestore(): Promise<void> {
  await Restores.native().deleteOne({ _id: id });
}

/** Refuses to start on a database that is being restored. @throws BootRefusal */
export async function refuseHalfRestored(): Promise<void> {
  const restore = await restoreUnderWay();
  if (restore) {
    throw new BootRefusal(
      `A restore from ${restore.from} was begun ${restore.begunAt.toISOString()} and not ended: wait for it, or run npm run restore again`,
    );
  }
}
