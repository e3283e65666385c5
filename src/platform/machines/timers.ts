// Due timers become work: rows that the owner of the instance's shard takes like any other. Called by the machines
// worker, as often as it likes: a timer becomes one row, however often it is found.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import type { WorkDraft } from '../commands/command.ts';
import type { Sweep } from '../commands/drain-work.ts';
import { makeRows } from '../commands/make-rows.ts';
import type { Registry } from '../registry.ts';
import { Timers, type Timer } from './store.ts';

/** The kind of the command that lets a timer go off. */
export const timerFireKind = 'state-machine.timer.fire';

const pageSize = 500;

/**
 * Makes the work rows of armed timers that are due, in order of `dueAt`, at most 500 a call. Returns how many rows are
 * new: 0 means that nothing is left to do at `now`.
 */
export async function fireDueTimers(registry: Registry, shards: readonly string[], now: Date): Promise<number> {
  let made = 0;
  let after: Timer | null = null;
  // Timers whose row exists stay armed until it is done, or for as long as it is a dead letter: look past them.
  while (made < pageSize) {
    const due: Timer[] = await duePage(shards, now, after);
    const wanted = due.map((timer) => ({ draft: draftOf(timer), requestId: timer.requestId, dueAt: timer.dueAt }));
    made += await makeRows(registry, wanted, now, pageSize - made);
    if (due.length < pageSize) {
      break;
    }
    after = due.at(-1) ?? null;
  }
  return made;
}

/** The sweep of timers. */
export const timerSweep: Sweep = {
  places: [{ in: Timers.name, waits: dueBy }],
  run: fireDueTimers,
};

/** When the next armed timer of these shards is due; past where one is overdue, null where none is armed. */
export async function nextDue(shards: readonly string[]): Promise<Date | null> {
  const next = await Timers.native().findOne(
    { state: 'armed', shard: { $in: [...shards] } },
    { sort: { dueAt: 1 }, projection: { dueAt: 1 }, maxTimeMS: limits.mongoMs },
  );
  return next?.dueAt ?? null;
}

function dueBy(shards: readonly string[], now: Date): mongo.Filter<Timer> {
  return { state: 'armed', shard: { $in: [...shards] }, dueAt: { $lte: now } };
}

async function duePage(shards: readonly string[], now: Date, after: Timer | null): Promise<Timer[]> {
  const further: mongo.Filter<Timer> = after
    ? { $or: [{ dueAt: { $gt: after.dueAt } }, { dueAt: after.dueAt, _id: { $gt: after._id } }] }
    : {};
  return await Timers.native()
    .find({ ...dueBy(shards, now), ...further }, { maxTimeMS: limits.mongoMs })
    .sort({ dueAt: 1, _id: 1 })
    .limit(pageSize)
    .toArray();
}

function draftOf(timer: Timer): WorkDraft {
  return {
    kind: timerFireKind,
    input: { timerId: timer._id, instance: timer.instance },
    cause: `t.${timer._id}`,
    ...(timer.share === undefined ? {} : { share: timer.share }),
    ...(timer.credit === undefined ? {} : { credit: timer.credit }),
  };
}
