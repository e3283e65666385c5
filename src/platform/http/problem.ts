// Every error becomes an RFC 9457 answer here, for the HTTP door; `asAppError` is the same judgement for other doors.
import type { Context, Next } from 'koa';
import { mongo } from 'mongoose';
import { z } from 'zod';
import { AppError, problems, unavailable, type FieldProblem } from '../errors.ts';
import { logFor } from '../log.ts';
import { isTransient } from '../mongo/transaction.ts';

const log = logFor('http');

/** Driver errors that mean "MongoDB does not answer" and carry neither label nor code. */
const awayErrors = new Set([
  'MongoWaitQueueTimeoutError',
  'MongoOperationTimeoutError',
  'MongooseServerSelectionError',
]);

function isAway(error: Error): boolean {
  return (
    isTransient(error) ||
    awayErrors.has(error.name) ||
    (error instanceof mongo.MongoError && error.hasErrorLabel('RetryableError')) ||
    // mongoose keeps commands while it has no connection and gives up with nothing but a sentence.
    /buffering timed out after \d+ms$/u.test(error.message)
  );
}

const fieldProblem = z.strictObject({
  pointer: z.string().describe('JSON pointer (RFC 6901) to the value, such as /body/amount'),
  code: z.string().describe('The rule that is broken'),
  detail: z.string(),
});

/** A problem as it is kept with an operation: without what belongs to one request. */
export const storedProblem = z
  .strictObject({
    type: z.string().describe('Address that says what the code means'),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(fieldProblem).readonly().exactOptional(),
    extensions: z.record(z.string(), z.unknown()).readonly().exactOptional(),
  })
  .meta({ id: 'StoredProblem' });

/** A problem as it is sent (RFC 9457): some kinds have further members. */
export const sentProblem = z
  .looseObject({
    ...storedProblem.omit({ extensions: true }).shape,
    instance: z.string().describe('Path of the request'),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });

/** A JSON pointer (RFC 6901) from `part` (`body`, `query`, `params`) down a path. */
export function pointerTo(part: string, path: readonly PropertyKey[]): string {
  return ['', part, ...path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}

/** What zod found, as field problems: one for each value, and one for each member that should not be there. */
export function fieldProblems(part: string, error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue): FieldProblem[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: pointerTo(part, [...issue.path, key]),
          code: issue.code,
          detail: 'This member is not known here; leave it out',
        }))
      : [{ pointer: pointerTo(part, issue.path), code: issue.code ?? 'invalid', detail: issue.message }],
  );
}

/** The problem an error is, for any door. Unknown errors become `server.internal` without their text. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) {
    return error;
  }
  if (error instanceof Error && isAway(error)) {
    return unavailable(error);
  }
  return problems.internal(undefined, { cause: error });
}

/** A problem as it is sent: the stored part with the extensions of its kind and what belongs to this request. */
export function problemBody(error: AppError, request: { path: string; requestId: string }): Record<string, unknown> {
  const { type, title, status, detail, code, errors, extensions } = error.problem;
  return {
    ...extensions,
    type,
    title,
    status,
    detail,
    instance: request.path,
    code,
    requestId: request.requestId,
    ...(errors ? { errors } : {}),
  };
}

/** Answers with a problem. */
export function sendProblem(ctx: Context, error: AppError): void {
  ctx.status = error.problem.status;
  ctx.body = JSON.stringify(problemBody(error, { path: ctx.path, requestId: String(ctx.state['requestId']) }));
  ctx.set(error.headers);
  ctx.type = 'application/problem+json';
  ctx.set('Cache-Control', 'no-store');
}

/** Catches what everything after it throws. */
export async function catchProblems(ctx: Context, next: Next): Promise<void> {
  try {
    await next();
  } catch (thrown) {
    const error = asAppError(thrown);
    if (error.problem.status >= 500) {
      const unknown = error.problem.code === problems.internal().problem.code;
      const line = {
        err: error.cause ?? error,
        requestId: ctx.state['requestId'],
        method: ctx.method,
        path: ctx.path,
      };
      log[unknown ? 'error' : 'warn'](line, unknown ? 'A request failed for a reason nobody expected' : error.message);
    }
    sendProblem(ctx, error);
  }
}
