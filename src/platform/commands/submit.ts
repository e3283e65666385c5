// From a request to its answer: the one way a route does a command.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { AppError, problems, unavailable, type Problem } from '../errors.ts';
import type { Caller, RouteAnswer } from '../http/route.ts';
import { canonicalJson, newId, nodeId, sha256 } from '../ids.ts';
import type { Registry } from '../registry.ts';
import { accept } from './accept.ts';
import type { CommandDefinition } from './command.ts';
import { execute } from './execute.ts';
import { distrust, handOver } from './fresh.ts';
import { countAccepted } from '../metrics/metrics.ts';
import { expectOutcome, waitingCallers, type Expectation, type Outcome } from './settled.ts';
import { underRowSpan } from '../tracing/row-spans.ts';
import { atOnce, shardFor, workState, type WorkRow } from './work.ts';

/** What of a request a command needs to know. */
export interface SubmitContext {
  readonly caller: Pick<Caller, 'userId'>;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** Names the command in place of the request's Idempotency-Key: for requests that are several commands. */
  readonly key?: string;
  header(name: string): string | undefined;
}

/** Does a command for a request and answers when its commit is done, or with 202 where to look. */
export type Submit = <Input>(
  context: SubmitContext,
  command: CommandDefinition<Input>,
  input: Input,
  status?: number,
) => Promise<RouteAnswer>;

/** The `submit` of a process: hands direct commands to `execute` and the others to their owners. */
export function createSubmit(registry: Registry): Submit {
  return async (context, command, input, status = 200) => {
    const row = requestRow(context, command, input);
    if (command.pool === 'direct') {
      const { replayed, ...outcome } = await execute(registry, row);
      return answer(row._id, outcome, status, replayed ?? false);
    }
    const waitMs = row.notBefore.getTime() > Date.now() ? 0 : preference(context.header('prefer'));
    return await queued(row, waitMs, status);
  };
}

function requestRow<Input>(context: SubmitContext, command: CommandDefinition<Input>, input: Input): WorkRow {
  const key = command.key(input);
  const named = context.key ?? idempotencyKeyOf(context.header('idempotency-key'));
  const idempotencyKey = command.recorded === false ? undefined : named;
  const now = new Date();
  return {
    _id: newId(),
    shard: command.pool === 'direct' ? 'direct' : shardFor(command.pool, key),
    kind: command.kind,
    key,
    input,
    actor: context.caller.userId,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    requestHash: command.recorded === false ? '' : sha256(canonicalJson(command.identity?.(input) ?? input)),
    state: 'new',
    attempts: 0,
    notBefore: command.due?.(input) ?? atOnce,
    replyTo: nodeId,
    requestId: context.requestId,
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    acceptedAt: now,
  };
}

function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header !== undefined && !/^[\x21-\x7e]{1,255}$/u.test(header)) {
    throw problems.malformed('The Idempotency-Key header takes 1 to 255 visible ASCII characters');
  }
  return header;
}

/** Milliseconds to wait for the commit, by RFC 7240's `wait` and `respond-async`. */
function preference(header: string | undefined): number {
  if (header === undefined) {
    return limits.waitDefaultMs;
  }
  if (/(?:^|[\s,;])respond-async(?:$|[\s,;])/u.test(header)) {
    return 0;
  }
  const wait = /(?:^|[\s,;])wait=(\d{1,4})(?:$|[\s,;])/u.exec(header)?.[1];
  return wait === undefined ? limits.waitDefaultMs : Math.min(Number(wait) * 1_000, limits.waitMaxMs);
}

async function queued(row: WorkRow, waitMs: number, status: number): Promise<RouteAnswer> {
  if (waitMs === 0) {
    const accepted = await underRowSpan('work.accept', row, accept);
    return accepted._id === row._id ? pendingAnswer(accepted) : await repeated(accepted, 0, status);
  }
  if (waitingCallers() >= limits.waiting) {
    throw unavailable(undefined, 'Too many requests wait for their answer; try again with the same key');
  }
  // Listening begins before the row is written, so that no hint can come too early.
  const expected = expectOutcome(row._id, waitMs);
  let accepted = row;
  try {
    accepted = await underRowSpan(
      'work.accept',
      row,
      async (traced) => (await shortcut(traced, expected)) ?? (await accept(traced)),
    );
  } catch (error) {
    expected.cancel();
    throw error;
  }
  if (accepted._id !== row._id) {
    expected.cancel();
    return await repeated(accepted, waitMs, status);
  }
  if (accepted.state !== 'new') {
    expected.cancel();
    return answer(row._id, accepted, status, accepted.replayed ?? false);
  }
  const outcome = await expected.outcome;
  return outcome ? answer(row._id, outcome, status, outcome.replayed ?? false) : pendingAnswer(row);
}

/** Hands the row to its owner, who writes it as it ended: that row, or null where it has to be written first. */
async function shortcut(row: WorkRow, expected: Expectation): Promise<WorkRow | null> {
  if (!(await handOver(row))) {
    return null;
  }
  const outcome = await expected.within(limits.freshMs);
  if (!outcome) {
    distrust(row);
    return null;
  }
  countAccepted([row]);
  return { ...row, ...outcome } as WorkRow;
}

/** The key was used before: the first answer again, or, while the first is in flight, its outcome or its Location. */
async function repeated(first: WorkRow, waitMs: number, status: number): Promise<RouteAnswer> {
  if (first.state !== 'new') {
    return answer(first._id, first, status, true);
  }
  const outcome = waitMs === 0 ? null : await expectOutcome(first._id, waitMs).outcome;
  return outcome ? answer(first._id, outcome, status, true) : pendingAnswer(first);
}

/** Body of a 202: the operation that goes on without its caller. */
export const pendingOperation = z
  .strictObject({ id: z.string(), kind: z.string(), state: workState })
  .meta({ id: 'PendingOperation' });

function pendingAnswer(row: WorkRow): RouteAnswer {
  const body: z.output<typeof pendingOperation> = { id: row._id, kind: row.kind, state: row.state };
  return { status: 202, headers: { Location: `/api/operations/${row._id}` }, body };
}

function answer(id: string, outcome: Outcome, status: number, replayed: boolean): RouteAnswer {
  const headers: Record<string, string> = replayed ? { 'Idempotency-Replayed': 'true' } : {};
  if (outcome.state === 'done') {
    return { status: outcome.status ?? status, body: outcome.result, headers };
  }
  throw new AppError(outcome.problem ?? lost(id), { headers });
}

function lost(id: string): Problem {
  return problems.gaveUp(`The operation ${id} failed every time it was tried`).problem;
}
