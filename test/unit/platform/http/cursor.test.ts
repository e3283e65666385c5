// Cursors come back as they were given out, or not at all.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AppError } from '#src/platform/errors.ts';
import { decodeCursor, encodeCursor, pageQuery, toPage } from '#src/platform/http/cursor.ts';

const isInvalid = (error: unknown): boolean =>
  error instanceof AppError &&
  error.problem.status === 422 &&
  error.problem.code === 'request.invalid' &&
  error.problem.errors?.[0]?.pointer === '/query/cursor';

describe('cursors', () => {
  it('carry their value', () => {
    const value = { name: 'Zoë', at: 3, none: null };
    assert.deepEqual(decodeCursor('users', encodeCursor('users', value)), value);
  });

  it('are good for one list only', () => {
    assert.throws(() => decodeCursor('venture', encodeCursor('users', 1)), isInvalid);
  });

  it('are refused when anything in them was changed', () => {
    const cursor = encodeCursor('users', { id: 'a' });
    const [body = '', tag = ''] = cursor.split('.');
    const forged = Buffer.from(JSON.stringify({ id: 'b' })).toString('base64url');
    for (const text of [
      `${forged}.${tag}`,
      `${body}.${tag.slice(1)}`,
      `${body}.`,
      body,
      '',
      '.',
      `${cursor}.x`,
      `${cursor}=`,
    ]) {
      assert.throws(() => decodeCursor('users', text), isInvalid, text);
    }
  });

  it('end with the last page', () => {
    const page = (count: number) =>
      toPage(
        Array.from({ length: count }, (_, index) => index),
        2,
        (row) => row * 10,
        (row) => `after ${row}`,
      );
    assert.deepEqual(page(3), { data: [0, 10], page: { nextCursor: 'after 1', hasMore: true } });
    assert.deepEqual(page(2), { data: [0, 10], page: { nextCursor: null, hasMore: false } });
    assert.deepEqual(page(0), { data: [], page: { nextCursor: null, hasMore: false } });
  });

  it('come with a limit of 1 to 100, 20 where none is given', () => {
    assert.equal(pageQuery.parse({}).limit, 20);
    assert.equal(pageQuery.parse({ limit: '100' }).limit, 100);
    for (const limit of ['0', '101', '-1', '1.5', 'x', '']) {
      assert.equal(pageQuery.safeParse({ limit }).success, false, limit);
    }
    assert.equal(pageQuery.safeParse({ offset: '3' }).success, false);
  });
});
