// Lists: page inputs, the page envelope, and cursors that say where the next page begins. Cursors are signed: what
// comes back is what was given out, for the same list. Used by the queries of services.
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { problems } from '../errors.ts';
import { mac } from '../secrets.ts';

/** `?limit=&cursor=` of every list; extend it with the list's own filters. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault),
  cursor: z
    .string()
    .max(2_048)
    .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/u, 'Not a cursor of a list')
    .optional(),
});

/** The shape of a page of `item`. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    data: z.array(item).max(limits.pageMax),
    page: z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
  });
}

/** A page as it is sent. */
export interface Page<Item> {
  readonly data: readonly Item[];
  readonly page: { readonly nextCursor: string | null; readonly hasMore: boolean };
}

/** A page from rows that were asked for with one more than `limit`; `cursorAfter` makes the cursor behind a row. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  present: (row: Row) => Item,
  cursorAfter: (row: Row) => string,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit;
  return {
    data: shown.map(present),
    page: { nextCursor: hasMore && last !== undefined ? cursorAfter(last) : null, hasMore },
  };
}

/** A cursor with a value inside. `purpose` names the list; filters that must stay the same belong into the value. */
export function encodeCursor(purpose: string, value: unknown): string {
  const body = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${body}.${mac(`cursor.${purpose}`, body)}`;
}

/** The value of a cursor of the same purpose. Errors: `request.invalid` for any other text. */
export function decodeCursor(purpose: string, text: string): unknown {
  const [body = '', tag = '', ...rest] = text.split('.');
  const expected = Buffer.from(mac(`cursor.${purpose}`, body));
  const given = Buffer.from(tag);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw problems.invalid('The cursor is not one of this list; leave it out to begin again', {
      errors: [{ pointer: '/query/cursor', code: 'cursor', detail: 'Not a cursor of this list' }],
    });
  }
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
}
