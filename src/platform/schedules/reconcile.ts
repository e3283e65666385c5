// BullMQ job schedulers that mirror the schedules: they show them on the board and wake the owner on time. They are never
// the truth: emptied Redis gets them back, and a run is made without them too. Called by the operations worker.
import type { Queue } from 'bullmq';
import { limits } from '#config/limits.ts';
import { producerOf } from '../commands/queues.ts';
import { groupBy } from '../group-by.ts';
import { logFor } from '../log.ts';
import { Schedules, type Schedule } from './schedule.ts';

const log = logFor('schedules');
/** A scheduler whose next job is this much overdue has lost it. */
const lostMs = 10_000;

/** Brings the job schedulers of these shards to what the schedules say. Never throws; what fails is tried next time. */
export async function reconcileSchedulers(shards: readonly string[], now: Date): Promise<void> {
  try {
    const schedules = await Schedules.native()
      .find({ enabled: true, shard: { $in: [...shards] } }, { maxTimeMS: limits.mongoMs })
      .toArray();
    const byShard = groupBy(schedules, ({ shard }) => shard);
    for (const shard of shards) {
      const queue = producerOf(shard);
      if (!queue) {
        return;
      }
      await reconcileQueue(queue, byShard.get(shard) ?? [], now);
    }
  } catch (error) {
    log.debug({ reason: String(error) }, 'The job schedulers could not be compared; trying again');
  }
}

async function reconcileQueue(queue: Queue, schedules: readonly Schedule[], now: Date): Promise<void> {
  const there = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]));
  for (const { _id: name, cron, timeZone } of schedules) {
    const scheduler = there.get(name);
    there.delete(name);
    const right =
      scheduler?.pattern === cron && scheduler.tz === timeZone && (scheduler.next ?? 0) > now.getTime() - lostMs;
    if (!right) {
      await upsert(queue, { name, cron, timeZone });
    }
  }
  for (const stray of there.keys()) {
    await queue.removeJobScheduler(stray);
  }
}

async function upsert(
  queue: Queue,
  { name, cron, timeZone }: { name: string; cron: string; timeZone: string },
): Promise<void> {
  try {
    const data = { rows: [], requestIds: [] };
    await queue.upsertJobScheduler(name, { pattern: cron, tz: timeZone }, { name: `schedule ${name}`, data });
  } catch (error) {
    // BullMQ does not know some zones and expressions (Lord Howe's half hour); the poll fires them all the same.
    log.debug({ schedule: name, reason: String(error) }, 'The board cannot show this schedule');
  }
}
