// API keys: how other backends act for the account that made them, with a part of its permissions. Each use asks
// MongoDB for the key and for the roles of its owner, so that revoking it, or taking a role from its owner, counts on
// every node from the next request on, whatever became of Redis. Called by http/authenticate.ts; made and revoked by
// the auth service.
import { timingSafeEqual } from 'node:crypto';
import { factorRules } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { sha256 } from '../ids.ts';
import { logFor } from '../log.ts';
import { defineCollection } from '../mongo/collection.ts';
import { within } from '../mongo/deadline.ts';
import { rolesOf } from './sessions.ts';

/** What a key may be for beside permissions: acting as its owner where a route asks for a login only. */
export const selfScopes = Object.freeze({
  'self.read': 'Read what the owner of the key may read by being logged in',
  'self.write': 'Do what the owner of the key may do by being logged in',
});

/** One API key. */
export interface ApiKey {
  readonly _id: string;
  readonly userId: string;
  readonly name: string;
  /** SHA-256 of the whole key: 256 random bits need nothing slower. */
  readonly hash: string;
  /** Names of permissions, and of selfScopes. */
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  /** To the minute. */
  readonly lastUsedAt?: Date;
  readonly revokedAt?: Date;
  readonly rev: number;
}

/** All API keys; revoked ones for some weeks. */
export const ApiKeys = defineCollection<ApiKey>(
  'api_keys',
  {
    userId: String,
    name: String,
    hash: String,
    scopes: [String],
    createdAt: Date,
    expiresAt: Date,
    lastUsedAt: Date,
    revokedAt: Date,
    rev: Number,
  },
  [
    { key: { userId: 1, _id: 1 } },
    { key: { revokedAt: 1 }, expireAfterSeconds: retention.sessionsEndedMs / 1_000 },
    { key: { expiresAt: 1 }, expireAfterSeconds: retention.sessionsEndedMs / 1_000 },
  ],
);

const form = /^ssk_([0-9a-f]{32})_[A-Za-z0-9_-]{43}$/u;

/** True for what is meant as an API key. */
export function looksLikeApiKey(token: string): boolean {
  return token.startsWith('ssk_');
}

/** What a key opens now. */
export interface KeyHolder {
  readonly keyId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  /** The roles of its owner, which bound what the scopes may carry. */
  readonly roles: readonly string[];
}

const log = logFor('api-keys');

/** Who a key speaks for, or null where it is wrong, revoked, expired, or its owner is gone. Throws what MongoDB throws. */
export async function findApiKey(token: string): Promise<KeyHolder | null> {
  const id = form.exec(token)?.[1];
  const key = id && (await within(ApiKeys.native().findOne({ _id: id }, { maxTimeMS: limits.mongoMs })));
  if (!key || !timingSafeEqual(Buffer.from(sha256(token)), Buffer.from(key.hash))) {
    return null;
  }
  const now = new Date();
  if (key.revokedAt || (key.expiresAt && key.expiresAt <= now)) {
    return null;
  }
  const roles = await rolesOf(key.userId);
  if (!roles) {
    return null;
  }
  seen(key, now);
  return { keyId: key._id, userId: key.userId, scopes: key.scopes, roles };
}

/** Writes down, now and then and behind the request, that a key is in use. */
function seen(key: ApiKey, now: Date): void {
  if (key.lastUsedAt && now.getTime() - key.lastUsedAt.getTime() < factorRules.keySeenEveryMs) {
    return;
  }
  ApiKeys.native()
    .updateOne({ _id: key._id }, { $set: { lastUsedAt: now } }, { maxTimeMS: limits.mongoMs })
    .catch((error: unknown) => log.debug({ reason: String(error) }, 'The use of an API key was not written down'));
}

/**
 * Revokes every key and tells how many. For a restored database: keys that were revoked after the backup live in it, so
 * nobody's is believed.
 */
export async function revokeAllApiKeys(): Promise<number> {
  const revoked = await ApiKeys.native().updateMany(
    { revokedAt: { $exists: false } },
    { $set: { revokedAt: new Date() }, $inc: { rev: 1 } },
  );
  return revoked.modifiedCount;
}
