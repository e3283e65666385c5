// Which answer each kind of error becomes.
import assert from 'node:assert/strict';
import { mongo } from 'mongoose';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { AppError, problems } from '#src/platform/errors.ts';
import { asAppError, fieldProblems, pointerTo, problemBody } from '#src/platform/http/problem.ts';

describe('problems', () => {
  it('passes an AppError on as it is', () => {
    const error = problems.conflict('Twice');
    assert.equal(asAppError(error), error);
  });

  it('says nothing of an unknown error but keeps it as the cause', () => {
    const cause = new Error('password of the database is hunter2');
    const error = asAppError(cause);
    assert.equal(error.problem.status, 500);
    assert.equal(error.problem.code, 'server.internal');
    assert.equal(JSON.stringify(error.problem).includes('hunter2'), false);
    assert.equal(error.cause, cause);
  });

  it('takes a status only from its own errors', () => {
    assert.equal(asAppError(Object.assign(new Error('mail server'), { status: 401 })).problem.status, 500);
    assert.equal(asAppError('a text').problem.status, 500);
  });

  const away = [
    new mongo.MongoNetworkError('connection 3 to 127.0.0.1:1 closed'),
    new mongo.MongoServerSelectionError('Server selection timed out', {} as never),
    new mongo.MongoServerError({ code: 50, message: 'operation exceeded time limit' }),
    new mongo.MongoServerError({ code: 189, message: 'primary stepped down' }),
    Object.assign(new Error('selection'), { name: 'MongooseServerSelectionError' }),
    Object.assign(new Error('pool'), { name: 'MongoWaitQueueTimeoutError' }),
    new Error('Operation `users.findOne()` buffering timed out after 10000ms'),
  ];
  for (const cause of away) {
    it(`answers 503 with Retry-After to ${cause.name}: ${cause.message}`, () => {
      const error = asAppError(cause);
      assert.equal(error.problem.status, 503);
      assert.equal(error.headers['Retry-After'], '1');
    });
  }

  it('does not take a duplicate key for an outage', () => {
    assert.equal(asAppError(new mongo.MongoServerError({ code: 11_000, message: 'E11000' })).problem.status, 500);
  });

  it('writes pointers by RFC 6901', () => {
    assert.equal(pointerTo('body', ['a/b', 'c~d', 0]), '/body/a~1b/c~0d/0');
    assert.equal(pointerTo('body', []), '/body');
  });

  it('names each value that does not fit and each member nobody knows', () => {
    const schema = z.strictObject({ name: z.string(), tags: z.array(z.string()) });
    const { error } = schema.safeParse({ name: 1, tags: ['a', 2], role: 'admin', 'is/admin': true });
    assert.ok(error);
    assert.deepEqual(
      fieldProblems('body', error).map(({ pointer, code }) => [pointer, code]),
      [
        ['/body/name', 'invalid_type'],
        ['/body/tags/1', 'invalid_type'],
        ['/body/role', 'unrecognized_keys'],
        ['/body/is~1admin', 'unrecognized_keys'],
      ],
    );
  });

  it('lets extensions add members, never replace them', () => {
    const { problem } = problems.conflict('No', { extensions: { accepts: ['PAY'], status: 200, code: 'fine' } });
    const body = problemBody(new AppError(problem), { path: '/api/x', requestId: 'r1' });
    assert.deepEqual(body['accepts'], ['PAY']);
    assert.equal(body['status'], 409);
    assert.equal(body['code'], 'request.conflict');
    assert.equal(body['instance'], '/api/x');
    assert.equal(body['requestId'], 'r1');
  });
});
