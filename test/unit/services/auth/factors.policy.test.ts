// Codes of authenticator apps against the cases of RFC 6238, appendix B, and what of them is good twice.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { generateSync } from 'otplib';
import { factorRules } from '#config/auth.ts';
import {
  backupHash,
  heldUpMs,
  newBackupCodes,
  sealTotp,
  stepIn,
  stepOfCode,
  withWrong,
} from '#src/services/auth/factors/factors.policy.ts';
import { seal, unseal } from '#src/platform/secrets.ts';

/** RFC 6238, appendix B: seconds, and the eight digits for SHA-1, SHA-256 and SHA-512. */
const vectors = [
  [59, '94287082', '46119246', '90693936'],
  [1_111_111_109, '07081804', '68084774', '25091201'],
  [1_111_111_111, '14050471', '67062674', '99943326'],
  [1_234_567_890, '89005924', '91819424', '93441116'],
  [2_000_000_000, '69279037', '90698825', '38618901'],
  [20_000_000_000, '65353130', '77737706', '47863826'],
] as const;
const digits = '12345678901234567890';
/** The ASCII secret of the appendix in base32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('codes of authenticator apps', () => {
  it('are those of RFC 6238, appendix B, for each of its hashes', () => {
    for (const [epoch, ...codes] of vectors) {
      const made = (['sha1', 'sha256', 'sha512'] as const).map((algorithm, index) => {
        const bytes = Buffer.from(digits.repeat(4).slice(0, [20, 32, 64][index]));
        return generateSync({ secret: Uint8Array.from(bytes), algorithm, digits: 8, epoch });
      });
      assert.deepEqual(made, codes);
    }
  });

  it('are taken in their own step and one to each side, and in no other', () => {
    // The first of them is the second step of all: there is none two before it.
    for (const [epoch, code] of vectors.slice(1)) {
      const six = code.slice(2);
      const step = Math.floor(epoch / 30);
      for (const [offset, good] of [
        [-2, false],
        [-1, true],
        [0, true],
        [1, true],
        [2, false],
      ] as const) {
        const now = new Date((step + offset) * 30_000 + 29_000);
        assert.equal(stepOfCode(secret, six, now, 0), good ? step : null, `${code} ${offset} steps off`);
      }
    }
  });

  it('are good once, and none of an earlier step after them', () => {
    const [epoch, code] = vectors[3];
    const now = new Date(epoch * 1_000);
    const step = Math.floor(epoch / 30);
    assert.equal(stepOfCode(secret, code.slice(2), now, step - 1), step);
    assert.equal(stepOfCode(secret, code.slice(2), now, step), null);
    assert.equal(stepOfCode(secret, code.slice(2), now, step + 1), null);
  });

  it('have a secret that opens in its own account only', () => {
    const now = new Date(59_000);
    const factors = {
      _id: 'u1',
      totp: { sealed: sealTotp('u1', secret), at: now, lastStep: 0 },
      backupCodes: [],
      wrong: 0,
      wrongSince: now,
      rev: 0,
    };
    assert.equal(factors.totp.sealed.includes(secret), false);
    assert.equal(stepIn(factors, '287082', now), 1);
    assert.throws(() => stepIn({ ...factors, _id: 'u2' }, '287082', now), /another MASTER_KEY/u);
  });

  it('are held up after too many wrong ones, for the rest of the window', () => {
    const begin = new Date(1_000_000_000);
    let factors = { _id: 'u', backupCodes: [], wrong: 0, wrongSince: new Date(0), rev: 0 };
    for (let count = 0; count < factorRules.wrongCodes; count += 1) {
      assert.equal(heldUpMs(factors, begin), 0);
      factors = { ...factors, ...withWrong(factors, begin), backupCodes: [] };
    }
    assert.equal(heldUpMs(factors, begin), factorRules.wrongCodesMs);
    assert.equal(heldUpMs(factors, new Date(begin.getTime() + factorRules.wrongCodesMs)), 0);
  });
});

describe('backup codes', () => {
  it('are ten, all different, and kept as MACs that belong to one account', () => {
    const { codes, hashes } = newBackupCodes('u1');
    assert.equal(new Set(codes).size, 10);
    for (const [index, code] of codes.entries()) {
      assert.match(code, /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/u);
      assert.equal(backupHash('u1', code.toLowerCase().replace('-', '')), hashes[index]);
      assert.notEqual(backupHash('u2', code), hashes[index]);
    }
  });
});

describe('seals', () => {
  it('open for their own purpose and binding only, and not when a bit was changed', () => {
    const sealed = seal('one', 'text', 'u1');
    assert.notEqual(seal('one', 'text', 'u1'), sealed);
    assert.equal(unseal('one', sealed, 'u1'), 'text');
    assert.equal(unseal('two', sealed, 'u1'), null);
    assert.equal(unseal('one', sealed, 'u2'), null);
    assert.equal(unseal('one', sealed), null);
    for (let index = 0; index < Buffer.from(sealed, 'base64url').length; index += 1) {
      const bytes = Buffer.from(sealed, 'base64url');
      bytes[index] = (bytes[index] ?? 0) ^ 1;
      assert.equal(unseal('one', bytes.toString('base64url'), 'u1'), null);
    }
    assert.equal(unseal('one', '', 'u1'), null);
  });
});
