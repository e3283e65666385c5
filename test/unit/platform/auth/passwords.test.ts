// Hashing: right, wrong, nobody, and a line that is bounded.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { passwordRules } from '#config/auth.ts';
import { hashPassword, newPassword, verifyPassword } from '#src/platform/auth/passwords.ts';
import { AppError } from '#src/platform/errors.ts';

describe('passwords', () => {
  it('are argon2id with the costs of the configuration and a salt of their own', async () => {
    const [first, second] = [await hashPassword('a password'), await hashPassword('a password')];
    assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);
    assert.notEqual(first, second);
    assert.equal(await verifyPassword(first, 'a password'), true);
    assert.equal(await verifyPassword(first, 'A password'), false);
  });

  it('are the same in every Unicode form', async () => {
    const hash = await hashPassword('\u212Bngstr\u00F6m');
    assert.equal(await verifyPassword(hash, '\u00C5ngstro\u0308m'), true);
  });

  it('are never right where there is none', async () => {
    assert.equal(await verifyPassword(undefined, ''), false);
    assert.equal(await verifyPassword(undefined, 'a password'), false);
  });

  it('have 8 to 256 code points, whatever they are', () => {
    for (const good of ['12345678', '🦉'.repeat(8), '🦉'.repeat(256), 'x'.repeat(256), '        ']) {
      assert.equal(newPassword.safeParse(good).success, true, good.slice(0, 10));
    }
    for (const bad of ['1234567', '🦉'.repeat(7), '🦉'.repeat(257), 'x'.repeat(257), '', 12_345_678]) {
      assert.equal(newPassword.safeParse(bad).success, false, String(bad).slice(0, 10));
    }
  });

  it('wait in a bounded line: who comes later is told to try again, and the line goes on', async () => {
    const room = passwordRules.concurrency + passwordRules.waiting;
    const ends = await Promise.allSettled(
      Array.from({ length: room + 3 }, async () => await hashPassword('a password')),
    );
    const refused = ends.filter((end) => end.status === 'rejected');
    assert.equal(refused.length, 3);
    for (const { reason } of refused) {
      assert.ok(reason instanceof AppError);
      assert.deepEqual([reason.problem.status, reason.headers['Retry-After']], [503, '1']);
    }
    assert.match(await hashPassword('a password'), /^\$argon2id/u);
  }).timeout(20_000);
});
