// Schedules that are due become work. Called by the operations worker, as often as it likes.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import type { Sweep } from '../commands/drain-work.ts';
import { makeRows } from '../commands/make-rows.ts';
import type { Registry } from '../registry.ts';
import { reconcileSchedulers } from './reconcile.ts';
import { fireKind } from './schedule.commands.ts';
import { runCause, runRequestId, Schedules, type Schedule } from './schedule.ts';

const pageSize = 500;

/** Makes one row for each schedule of these shards that is due. Returns how many are new. */
export async function fireDueSchedules(registry: Registry, shards: readonly string[], now: Date): Promise<number> {
  const due = await Schedules.native()
    .find(dueBy(shards, now), { maxTimeMS: limits.mongoMs })
    .sort({ nextAt: 1 })
    .limit(pageSize)
    .toArray();
  const wanted = due.map(({ _id: name, rev, nextAt }) => {
    // One for each revision: a revision is due once, and firing makes the next one.
    const dueAt = nextAt ?? now;
    const cause = `${runCause(name, dueAt)}.${rev}`;
    return { draft: { kind: fireKind, input: { name, rev }, cause }, requestId: runRequestId(name, dueAt, rev) };
  });
  return await makeRows(registry, wanted, now);
}

function dueBy(shards: readonly string[], now: Date): mongo.Filter<Schedule> {
  return { enabled: true, shard: { $in: [...shards] }, nextAt: { $lte: now } };
}

/** How often the job schedulers are compared with the schedules. */
const compareMs = 3_000;

/** The sweep of schedules: what is due becomes work at each call, the job schedulers are compared now and then. */
export function scheduleSweep(): Sweep {
  let compareAt = 0;
  let comparing = false;
  const run: Sweep['run'] = async (registry, shards, now) => {
    if (!comparing && now.getTime() >= compareAt) {
      comparing = true;
      compareAt = now.getTime() + compareMs;
      // Redis may be slow or away: nobody waits for it.
      void reconcileSchedulers(shards, now).finally(() => {
        comparing = false;
      });
    }
    return await fireDueSchedules(registry, shards, now);
  };
  return { places: [{ in: Schedules.name, waits: dueBy }], run };
}
