// Codes: which are good, and how they are made. Pure but for the random bytes of new ones.
import { randomBytes } from 'node:crypto';
import { generateSecret, generateURI, verifySync } from 'otplib';
import { factorRules } from '#config/auth.ts';
import { mac, seal, unseal } from '#src/platform/secrets.ts';
import type { Factors } from './factors.model.ts';

const purpose = 'totp';

/** A new secret of 160 bits (RFC 4226, 4) in base32, and the `otpauth:` address an app reads it from. */
export function newTotp(email: string): { readonly secret: string; readonly uri: string } {
  const secret = generateSecret();
  return { secret, uri: generateURI({ issuer: 'SmartStart', label: email, secret }) };
}

/** The secret as it is kept: encrypted, and good in this account's document only. */
export function sealTotp(userId: string, secret: string): string {
  return seal(purpose, secret, userId);
}

/**
 * The time step a code belongs to (RFC 6238: SHA-1, six digits, 30 s), or null where it belongs to none that is near
 * `now` and after `lastStep`. @throws Error where the secret was sealed under another MASTER_KEY
 */
export function stepOfCode(secret: string, code: string, now: Date, lastStep: number): number | null {
  const checked = verifySync({
    secret,
    token: code,
    epoch: Math.floor(now.getTime() / 1_000),
    period: factorRules.totpStepS,
    epochTolerance: factorRules.totpDrift * factorRules.totpStepS,
  });
  const step = checked.valid && 'timeStep' in checked ? checked.timeStep : null;
  return step !== null && step > lastStep ? step : null;
}

/** The same for the app of an account, on or only offered. */
export function stepIn(factors: Factors, code: string, now: Date): number | null {
  if (!factors.totp) {
    return null;
  }
  const secret = unseal(purpose, factors.totp.sealed, factors._id);
  if (secret === null) {
    throw new Error(`The authenticator secret of ${factors._id} was sealed under another MASTER_KEY`);
  }
  return stepOfCode(secret, code, now, factors.totp.lastStep);
}

/** True where an app is on, so that a password alone does not log in. */
export function isOn(factors: Factors | null): boolean {
  return factors?.totp?.confirmedAt !== undefined;
}

/** Milliseconds until codes of the app are looked at again; 0 where they are now. */
export function heldUpMs(factors: Factors, now: Date): number {
  const left = factors.wrongSince.getTime() + factorRules.wrongCodesMs - now.getTime();
  return factors.wrong >= factorRules.wrongCodes && left > 0 ? left : 0;
}

/** The document after one more wrong code. */
export function withWrong(factors: Factors, now: Date): Factors {
  const over = now.getTime() - factors.wrongSince.getTime() >= factorRules.wrongCodesMs;
  return {
    ...factors,
    wrong: over ? 1 : factors.wrong + 1,
    wrongSince: over ? now : factors.wrongSince,
    rev: factors.rev + 1,
  };
}

/** Crockford's letters: none that is taken for another. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What a backup code is kept and compared as: a MAC of its letters, of this account only. */
export function backupHash(userId: string, code: string): string {
  const plain = code.toUpperCase().replaceAll(/[^0-9A-Z]/gu, '');
  return mac('backup-code', `${userId} ${plain}`);
}

/** New backup codes of 50 random bits each, with what is kept of them. */
export function newBackupCodes(userId: string): { readonly codes: string[]; readonly hashes: string[] } {
  const codes = Array.from({ length: factorRules.backupCodes }, () => {
    const text = [...randomBytes(10)].map((byte) => letters[byte % 32]).join('');
    return `${text.slice(0, 5)}-${text.slice(5)}`;
  });
  return { codes, hashes: codes.map((code) => backupHash(userId, code)) };
}
