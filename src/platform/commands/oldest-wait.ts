// Since when the oldest row of a pool could have been done and was not: what to scale workers on. Read by pool-states.ts.
import type { mongo } from 'mongoose';
import { effectPools, type PoolName } from '#config/pools.ts';
import { lookForDue, lookForNeverPutOff, type Look } from './ready-rows.ts';
import { DeadLetters, Owners, shardsOf, Work, type WorkRow } from './work.ts';

const bounded = { maxTimeMS: 1_000 };

type Waiting = Pick<WorkRow, '_id' | 'acceptedAt' | 'notBefore'>;

/**
 * Since when the row that has waited longest may be done; undefined where none waits. Waiting for its time or for
 * another try is no wait, and neither is being under way: more workers could change nothing about these.
 */
export async function waitingSince(pool: PoolName, now: Date): Promise<Date | undefined> {
  const shards = shardsOf(pool);
  const further = await notUnderWay(pool);
  const [neverPutOff, due] = await Promise.all([
    first(lookForNeverPutOff(shards, further)),
    first(lookForDue(shards, now, further)),
  ]);
  const since = [
    ...(neverPutOff ? [(await redriven(neverPutOff)) ?? neverPutOff.acceptedAt] : []),
    ...(due ? [due.notBefore > due.acceptedAt ? due.notBefore : due.acceptedAt] : []),
  ];
  return since.toSorted((one, other) => one.getTime() - other.getTime())[0];
}

async function first({ filter, sort }: Look): Promise<Waiting | null> {
  return await Work.native().findOne<Waiting>(filter, {
    ...bounded,
    sort,
    projection: { acceptedAt: 1, notBefore: 1 },
  });
}

/** A redriven row is marked as never put off, and was not to be done while it was a dead letter. */
async function redriven({ _id }: Waiting): Promise<Date | undefined> {
  const letter = await DeadLetters.native().findOne({ _id }, { ...bounded, projection: { redrivenAt: 1 } });
  return letter?.redrivenAt ?? undefined;
}

/**
 * Without the effects that living owners have taken, which stay `new` until they end, and without the rest of their
 * lanes. A command is taken for the moment of its batch: no filter is worth a look for that.
 */
async function notUnderWay(pool: PoolName): Promise<mongo.Filter<WorkRow>> {
  if (!effectPools.some((name) => name === pool)) {
    return {};
  }
  const owners = await Owners.native()
    .find({ pool, $expr: { $gt: ['$leaseUntil', '$$NOW'] } }, { ...bounded, projection: { taken: 1 } })
    .toArray();
  const taken = owners.flatMap((owner) => owner.taken);
  if (taken.length === 0) {
    return {};
  }
  // Without a lane a row's key is its own id.
  return { key: { $nin: await Work.native().distinct('key', { _id: { $in: taken } }, bounded) } };
}
