// Problems: every way a request can be told no, with a stable code. Services define theirs in `<service>.errors.ts`;
// doors map them to RFC 9457 answers, the committer stores them as refusals.

/** One broken rule inside a request: where (`pointer`, RFC 6901), which rule (`code`) and a sentence. */
export interface FieldProblem {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** A problem as it is stored and sent, without what belongs to one request (`instance`, `requestId`). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
  /** Further members, such as `accepts` of a machine that refuses an event. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** One entry of the catalogue. */
export interface ProblemKind {
  readonly code: string;
  readonly status: number;
  readonly title: string;
}

interface ProblemDetails {
  readonly errors?: readonly FieldProblem[];
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * A problem that is thrown, or returned by `decide` as a final no. `headers` go onto the HTTP answer; the extension
 * `retryAfterS` (whole seconds) is the header `Retry-After` too.
 */
export class AppError extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: Problem, details: Pick<ProblemDetails, 'headers' | 'cause'> = {}) {
    super(problem.detail, { cause: details.cause });
    this.name = 'AppError';
    this.problem = problem;
    // Said by the problem itself where it was a command that refused: what is stored has no headers.
    const retryAfterS = problem.extensions?.['retryAfterS'];
    this.headers = {
      ...(typeof retryAfterS === 'number' ? { 'Retry-After': String(retryAfterS) } : {}),
      ...details.headers,
    };
  }
}

/** Makes problems of one kind. Routes and commands name the makers of what they answer, so that it is documented. */
export interface ProblemMaker {
  (detail?: string, details?: ProblemDetails): AppError;
  readonly kind: ProblemKind;
}

const catalogue = new Map<string, ProblemKind>();

/** Every problem that was defined, by code. The documents and their test read it. */
export const problemCatalogue: ReadonlyMap<string, ProblemKind> = catalogue;

/**
 * Defines a problem of the catalogue and returns its maker. `code` is `<service>.<kebab-case>`, `title` one short
 * sentence that is the same each time; the maker's `detail` names the ids of this time.
 */
export function defineProblem(code: string, status: number, title: string): ProblemMaker {
  if (catalogue.has(code)) {
    throw new Error(`The problem code ${code} is defined twice`);
  }
  const kind: ProblemKind = Object.freeze({ code, status, title });
  catalogue.set(code, kind);
  const make = (detail = title, details: ProblemDetails = {}): AppError =>
    new AppError(
      {
        type: `/problems/${code}`,
        title,
        status,
        code,
        detail,
        ...(details.errors ? { errors: details.errors } : {}),
        ...(details.extensions ? { extensions: details.extensions } : {}),
      },
      details,
    );
  return Object.assign(make, { kind });
}

/** Problems that any door can answer with. */
export const problems = {
  malformed: defineProblem('request.malformed', 400, 'The request could not be read'),
  unauthenticated: defineProblem('auth.unauthenticated', 401, 'A valid access token is needed'),
  forbidden: defineProblem('auth.forbidden', 403, 'Your role does not allow this'),
  notFound: defineProblem('request.not-found', 404, 'There is nothing here for you'),
  methodNotAllowed: defineProblem('request.method-not-allowed', 405, 'This path does not take that method'),
  timeout: defineProblem('request.timeout', 408, 'The body did not come in time'),
  conflict: defineProblem('request.conflict', 409, 'Somebody else changed it at the same moment; try again'),
  preconditionFailed: defineProblem('request.precondition-failed', 412, 'It changed since you read it'),
  tooLarge: defineProblem('request.too-large', 413, 'The body is too large'),
  unsupportedMedia: defineProblem('request.unsupported-media-type', 415, 'The body must be application/json'),
  invalid: defineProblem('request.invalid', 422, 'Some values are not valid'),
  keyReused: defineProblem('idempotency.body-differs', 422, 'This Idempotency-Key was used with another request'),
  preconditionRequired: defineProblem('request.precondition-required', 428, 'Say with If-Match what you read'),
  tooMany: defineProblem('request.too-many', 429, 'Too many requests of this kind'),
  headersTooLarge: defineProblem('request.headers-too-large', 431, 'The headers or the path are too long'),
  internal: defineProblem('server.internal', 500, 'Something went wrong on our side'),
  unavailable: defineProblem('server.unavailable', 503, 'Not available at the moment; try again with the same key'),
  gaveUp: defineProblem('operation.gave-up', 500, 'The work failed every time it was tried; an operator has been told'),
} as const;

/** 503 with `Retry-After`, in whole seconds. */
export function unavailable(cause: unknown, detail?: string): AppError {
  return problems.unavailable(detail, { headers: { 'Retry-After': '1' }, cause });
}
