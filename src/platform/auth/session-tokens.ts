// The secrets of sessions. A refresh token is a MAC over its session, its generation and the session's seed, so the
// successor of a token can be made again: a client that repeats an exchange, because several of its requests found the
// access token expired at once or an answer was lost, gets the very successor the first one got, and no token has to be
// kept to do that. The key of the MAC comes from MASTER_KEY, the seed from the row: neither alone makes a token.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mac } from '../secrets.ts';

/** What a token is looked up and checked by: the SHA-256 that its session's row holds. */
export const digest = (token: string): string => createHash('sha256').update(token).digest('hex');

/** 128 random bits that make a session's tokens its own. */
export const newSeed = (): string => randomBytes(16).toString('base64url');

/** The refresh token of a session's generation. The same arguments give the same token. */
export function refreshToken(sessionId: string, generation: number, seed: string): string {
  return `${sessionId}.${generation}.${mac('refresh-token', `${sessionId}.${generation}.${seed}`)}`;
}

/** Which session and generation a text claims to be a refresh token of; null where it cannot be one. */
export function claimOf(token: string): { readonly sessionId: string; readonly generation: number } | null {
  const [, sessionId, generation] = /^([A-Za-z0-9-]{1,64})\.(0|[1-9][0-9]{0,8})\.[A-Za-z0-9_-]{43}$/u.exec(token) ?? [];
  return sessionId === undefined ? null : { sessionId, generation: Number(generation) };
}

/** True where two texts are the same; takes the same time wherever they differ. */
export function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

// 256 random bits and a tag that shows that it was ours, so that noise costs no look at MongoDB.
/** A new secret of a browser's session: the value of its cookie. It opens nothing but the admin pages. */
export function newBrowserSecret(sessionId: string): string {
  const body = `${sessionId}.${randomBytes(32).toString('base64url')}`;
  return `${body}.${mac('browser-session', body)}`;
}

/** The session whose cookie a text claims to be, where it was made here; otherwise null. */
export function browserSessionOf(secret: string): string | null {
  const [sessionId, random, tag, ...rest] = secret.split('.');
  if (!sessionId || !random || !tag || rest.length > 0) {
    return null;
  }
  return isSame(tag, mac('browser-session', `${sessionId}.${random}`)) ? sessionId : null;
}
