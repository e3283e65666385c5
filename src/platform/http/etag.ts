// Entity tags: of documents (`"<id>-<rev>"`), and those that are numbers alone; what If-Match and If-None-Match ask for.
// Called by routes.
import { problems, type AppError } from '../errors.ts';
import type { RouteAnswer } from './route.ts';

/**
 * The number `If-Match` names; undefined where any will do. A tag that no answer ever has fails like a wrong one: then
 * it throws what `differs` makes.
 */
export function expectedNumber(header: string | undefined, differs: (detail: string) => AppError): number | undefined {
  if (header === undefined || header.trim() === '*') {
    return undefined;
  }
  const number = /^"(\d{1,15})"$/u.exec(header.trim())?.[1];
  if (number === undefined) {
    throw differs('If-Match takes one tag as ETag gives it, such as "3"');
  }
  return Number(number);
}

/** The answer with a number of its body as its ETag. */
export function tagged(answer: RouteAnswer, member: string): RouteAnswer {
  const number = (answer.body as Readonly<Record<string, unknown>> | undefined)?.[member];
  return answer.status !== 202 && typeof number === 'number'
    ? { ...answer, headers: { ...answer.headers, ETag: `"${number}"` } }
    : answer;
}

/** A document as its tag names it: its id, and the revision that grows with every change of it. */
export interface Revised {
  readonly id: string;
  readonly rev: number;
}

/** The strong entity tag of a document: `"<id>-<rev>"` (RFC 9110, 8.8.3). */
export function tagOf({ id, rev }: Revised): string {
  return `"${id}-${rev}"`;
}

const tagList = /^(?:W\/)?"[\x21\x23-\x7e]{1,200}"(?:\s{0,8},\s{0,8}(?:W\/)?"[\x21\x23-\x7e]{1,200}"){0,31}$/u;

/** The tags of a list; none where it is not one. */
function tagsIn(header: string): string[] {
  const text = header.trim();
  return tagList.test(text) ? text.split(/\s{0,8},\s{0,8}/u) : [];
}

/**
 * Lets a change of `current` pass only where `If-Match` names the revision it is at (RFC 9110, 13.1.1: strong comparison,
 * so a weak tag never fits; `*` names any). Returns that revision: hand it to the command, whose `decide` refuses with
 * `problems.preconditionFailed` where the row has moved on since. A route that calls this names
 * `problems.preconditionFailed` and `problems.preconditionRequired`, and `If-Match` in `takesHeaders` as `ifMatch` of
 * this file has it.
 * Errors: `request.precondition-required` (428) without the header, `request.precondition-failed` (412) for another tag.
 */
export function requireIfMatch(header: string | undefined, current: Revised): number {
  if (header === undefined) {
    throw problems.preconditionRequired('Read it, and send its ETag as If-Match');
  }
  if (header.trim() !== '*' && !tagsIn(header).includes(tagOf(current))) {
    throw problems.preconditionFailed('It is at another revision by now: read it again');
  }
  return current.rev;
}

/** True where `If-None-Match` names what is there now (RFC 9110, 13.1.2: weak comparison): the answer is 304. */
export function isKnown(ifNoneMatchHeader: string | undefined, tag: string): boolean {
  const header = ifNoneMatchHeader ?? '';
  return header.trim() === '*' || tagsIn(header).some((each) => each.replace(/^W\//u, '') === tag);
}

/**
 * The answer with the document's ETag; for a reader who sent it as `If-None-Match`, 304 without a body. A reading route
 * calls it with that header and names 304 in `alsoAnswers`; a writing one without.
 */
export function withTag(answer: RouteAnswer, current: Revised, ifNoneMatchHeader?: string): RouteAnswer {
  const tag = tagOf(current);
  const headers = { ...answer.headers, ETag: tag };
  return isKnown(ifNoneMatchHeader, tag) ? { status: 304, headers } : { ...answer, headers };
}

/** What routes with these tags say of their headers: spread into `takesHeaders` and `givesHeaders`. */
export const ifMatch = { 'If-Match': 'The ETag of what you read, or *; without it the answer is 428' } as const;
/** See `ifMatch`. */
export const ifNoneMatch = { 'If-None-Match': 'The ETag of what the client has' } as const;
/** See `ifMatch`. */
export const givesTag = { ETag: 'Names this revision: for If-Match and If-None-Match' } as const;
