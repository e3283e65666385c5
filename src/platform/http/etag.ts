// Entity tags that are numbers: the revision or step an answer shows, and what If-Match asks for. Called by routes.
import type { AppError } from '../errors.ts';
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
