// What the board's scripts ask for, by the query of their reads: Bull Board takes pages of any size. Used by queue-board.ts.
import type { Context } from 'koa';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { problems } from '../errors.ts';
import { fieldProblems } from '../http/problem.ts';

/** As digits: what is handed on stays the text that came. */
const upTo = (most: number) => z.string().refine((text) => /^[1-9]\d{0,8}$/u.test(text) && Number(text) <= most);

/** Bull Board decodes this name once more, and falls over one that it cannot decode. */
const queueName = z.string().max(256).refine(decodes);

const readQuery = z.strictObject({
  activeQueue: queueName.optional(),
  status: z.string().max(32).optional(),
  page: upTo(10_000).optional(),
  jobsPerPage: upTo(limits.pageMax).optional(),
  queueName: z.string().max(256).optional(),
  root: z.string().max(32).optional(),
  depth: upTo(20).optional(),
  maxChildren: upTo(limits.pageMax).optional(),
});

function decodes(name: string): boolean {
  try {
    decodeURIComponent(name);
    return true;
  } catch {
    return false;
  }
}

/** Parses the query of a read before the board does. Errors: request.invalid. */
export function checkReadQuery(ctx: Context): void {
  const parsed = readQuery.safeParse({ ...ctx.query });
  if (!parsed.success) {
    const errors = fieldProblems('query', parsed.error);
    const wrong = errors.map(({ pointer }) => pointer).join(', ');
    throw problems.invalid(`The query of the board cannot be read: ${wrong}`, { errors });
  }
}
