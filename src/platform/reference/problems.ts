// The catalogue of problems for readers: which a route can answer with, and what to do about each.
import { problemCatalogue, problems, type ProblemKind } from '../errors.ts';
import type { Route } from '../http/route.ts';

/** What a status asks of whoever gets it. */
const advice: Readonly<Record<number, string>> = {
  400: 'Mend the request; sent again as it is, it fails again.',
  401: 'Log in or refresh the access token, then ask again.',
  403: 'Ask somebody whose role allows it; asking again changes nothing.',
  404: 'It does not exist, or it is none of your business.',
  405: 'Use one of the methods that the Allow header names.',
  408: 'Send the body faster, in one go.',
  409: 'The state of things speaks against it: read that state, decide, and ask again.',
  412: 'It changed since you read it: read it again and send the new ETag.',
  413: 'Send a smaller body.',
  415: 'Send the media type that the route takes.',
  422: 'The values were read and do not fit: `errors` says where. Nothing was changed.',
  428: 'Read it, and send its ETag as If-Match: so nobody overwrites what they have not seen.',
  429: 'Wait as long as Retry-After says, then ask again.',
  431: 'Send fewer or shorter headers and a shorter path.',
  500: 'It is not your fault. Name the requestId to whoever runs the system.',
  503: 'Ask again after Retry-After, with the same Idempotency-Key: nothing is done twice.',
};

/** One problem as `GET /problems/:code` explains it. */
export interface Explained extends ProblemKind {
  readonly type: string;
  readonly advice: string;
}

/** Every problem there is, in the order of codes. */
export function allProblems(): Explained[] {
  return [...problemCatalogue.values()]
    .toSorted((left, right) => (left.code < right.code ? -1 : 1))
    .map((kind) => ({ ...kind, type: `/problems/${kind.code}`, advice: advice[kind.status] ?? kind.title }));
}

const uploadProblems = [problems.timeout, problems.tooLarge, problems.unsupportedMedia];

/** What a route can say no with: its own, its commands', and what follows from how it is guarded and what it takes. */
export function problemsOf(route: Route): ProblemKind[] {
  const { auth, body, commands } = route;
  const keyed = commands.some(({ recorded }) => recorded !== false);
  const makers = [
    // Where a login is enough, an API key may still lack the scope to act as its owner.
    ...(auth === 'public' ? [] : [problems.unauthenticated, problems.forbidden]),
    ...(body ? [problems.malformed, problems.tooLarge, problems.unsupportedMedia] : []),
    ...(route.accepts.length > 0 ? [problems.malformed, ...uploadProblems] : []),
    ...(keyed ? [problems.malformed, problems.keyReused] : []),
    ...(commands.some(({ pool }) => pool === 'direct') ? [problems.conflict] : []),
    ...(commands.some(({ pool }) => pool !== 'direct') ? [problems.gaveUp] : []),
    ...route.problems,
    ...commands.flatMap((command) => command.problems ?? []),
    problems.invalid,
    problems.tooMany,
    problems.internal,
    problems.unavailable,
  ];
  return [...new Set(makers.map(({ kind }) => kind))].toSorted(
    (left, right) => left.status - right.status || (left.code < right.code ? -1 : 1),
  );
}
