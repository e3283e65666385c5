// One of many answers as it stands among the others.
import { asAppError, problemBody } from '#src/platform/http/problem.ts';
import type { RouteAnswer } from '#src/platform/http/route.ts';
import type { BatchAnswer } from './batch.schema.ts';

/** What would have been the answer to a request of its own. */
export function presentAnswer({ status, body, headers }: RouteAnswer): BatchAnswer {
  const location = headers?.['Location'];
  const replayed = headers?.['Idempotency-Replayed'] === 'true';
  return {
    status,
    body,
    ...(location === undefined ? {} : { location }),
    ...(replayed ? { replayed } : {}),
  } as BatchAnswer;
}

/** What would have been the problem of a request of its own. */
export function presentRefusal(thrown: unknown, request: { path: string; requestId: string }): BatchAnswer {
  const error = asAppError(thrown);
  return { status: error.problem.status, problem: problemBody(error, request) } as BatchAnswer;
}
