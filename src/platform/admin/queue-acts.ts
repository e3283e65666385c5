// What people may do on the board, by Bull Board's paths. All of it is about jobs, which only wake owners up: nothing
// here can lose work, double it or make any. What is not in the table is refused. Used by queue-board.ts.
import type { Context } from 'koa';
import { z } from 'zod';
import type { Act } from '../audit/audit.ts';
import { wakeJob } from '../commands/queues.ts';
import { problems } from '../errors.ts';
import { readBody } from '../http/body.ts';
import { fieldProblems } from '../http/problem.ts';

interface Deed {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  /** Below `/api/queues/`; `:queue`, `:job`, `:state` and `:scheduler` stand for one step each. */
  readonly path: string;
  readonly action: string;
}

// Changing a job's data and changing a schedule are not here: what to do, and when, is MongoDB's to say.
const deeds: readonly Deed[] = [
  { method: 'PUT', path: 'pause', action: 'queue.all.pause' },
  { method: 'PUT', path: 'resume', action: 'queue.all.resume' },
  { method: 'PUT', path: ':queue/pause', action: 'queue.pause' },
  { method: 'PUT', path: ':queue/resume', action: 'queue.resume' },
  { method: 'PUT', path: ':queue/promote', action: 'queue.promote' },
  { method: 'PUT', path: ':queue/empty', action: 'queue.empty' },
  { method: 'PUT', path: ':queue/obliterate', action: 'queue.obliterate' },
  { method: 'PUT', path: ':queue/concurrency', action: 'queue.concurrency' },
  { method: 'PUT', path: ':queue/rate-limit', action: 'queue.rate-limit' },
  { method: 'PUT', path: ':queue/rate-limit/release', action: 'queue.rate-limit.release' },
  { method: 'PUT', path: ':queue/retry/:state', action: 'queue.retry' },
  { method: 'PUT', path: ':queue/clean/:state', action: 'queue.clean' },
  { method: 'POST', path: ':queue/add', action: 'queue.job.add' },
  { method: 'PUT', path: ':queue/job-schedulers/:scheduler/run', action: 'queue.scheduler.run' },
  { method: 'PUT', path: ':queue/job-schedulers/:scheduler/remove', action: 'queue.scheduler.remove' },
  { method: 'PUT', path: ':queue/:job/retry', action: 'queue.job.retry' },
  { method: 'PUT', path: ':queue/:job/clean', action: 'queue.job.remove' },
  { method: 'PUT', path: ':queue/:job/promote', action: 'queue.job.promote' },
  { method: 'PATCH', path: ':queue/:job/delay', action: 'queue.job.delay' },
  { method: 'PATCH', path: ':queue/:job/priority', action: 'queue.job.priority' },
];

const patterns = deeds.map((deed) => ({
  ...deed,
  pattern: new RegExp(`^/api/queues/${deed.path.replaceAll(/:([a-z]+)/gu, '(?<$1>[^/]{1,256})')}$`, 'u'),
}));

/**
 * The act a request asks for; `path` is that below the board. Of two that fit, the one with fewer placeholders stands
 * first, as it does for Bull Board. Errors: auth.forbidden for whatever the board does not let people do.
 */
export function actAskedFor(method: string, path: string): Act {
  for (const { pattern, action, method: taken } of patterns) {
    const found = taken === method ? pattern.exec(path) : null;
    if (found) {
      return { action, target: Object.fromEntries(Object.entries(found.groups ?? {}).map(plain)) };
    }
  }
  throw problems.forbidden('The board does not change this: what is to be done, and when, stands in MongoDB');
}

function plain([name, value]: [string, string]): [string, string] {
  try {
    return [name, decodeURIComponent(value).slice(0, 256)];
  } catch {
    throw problems.malformed('The path could not be read');
  }
}

// What Bull Board's form sends. Its last three options are the queue's own defaults, and stay the queue's.
const addedJob = z.object({
  name: z.string().min(1).max(256),
  data: wakeJob,
  options: z
    .strictObject({
      delay: z.int().min(0).max(86_400_000).optional(),
      attempts: z.unknown(),
      removeOnComplete: z.unknown(),
      removeOnFail: z.unknown(),
    })
    .partial()
    .transform(({ delay }) => (delay === undefined ? {} : { delay }))
    .optional(),
});

/**
 * Reads the body before the board does. A job that is added may name rows, as every job does, and nothing more.
 * Errors: those of readBody, request.invalid.
 */
export async function readActBody(ctx: Context, { action }: Act): Promise<void> {
  await readBody(ctx, async () => await Promise.resolve());
  ctx.request.body ??= {};
  if (action === 'queue.job.add') {
    const parsed = addedJob.safeParse(ctx.request.body);
    if (!parsed.success) {
      throw problems.invalid('A job names rows and requests, {"rows": [], "requestIds": []}, and may be delayed', {
        errors: fieldProblems('body', parsed.error),
      });
    }
    ctx.request.body = parsed.data;
  }
}
