// The keys that access tokens are signed with: rows in MongoDB, made new every month, the same for all processes. Which
// one signs follows from the rows and the time alone. Read by tokens.ts.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { accessTokens, signingKeys } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { unavailable } from '../errors.ts';
import { logFor } from '../log.ts';
import { defineCollection } from '../mongo/collection.ts';
import { within } from '../mongo/deadline.ts';
import { duplicateIn } from '../mongo/transaction.ts';
import { seal, unseal } from '../secrets.ts';
import { durable } from './session.model.ts';

interface SigningKeyRow {
  /** RFC 7638 thumbprint, the `kid` of its tokens. */
  readonly _id: string;
  /** One after another: of processes that make the next key at once, one succeeds. */
  readonly generation: number;
  readonly publicJwk: string;
  /** The private key, sealed under MASTER_KEY. */
  readonly sealed: string;
  /** It signs from here on, until the next one does. */
  readonly signsFrom: Date;
}

const SigningKeys = defineCollection<SigningKeyRow>(
  'signing_keys',
  { generation: Number, publicJwk: String, sealed: String, signsFrom: Date },
  [{ key: { generation: 1 }, unique: true }],
);

/** A key of now: it signs, will sign, or signed tokens that are still good. */
export interface SigningKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly signsFromMs: number;
}

const log = logFor('signing-keys');
let known: readonly SigningKey[] = [];
let byKid: ReadonlyMap<string, KeyObject> = new Map();
let readAt = Number.NEGATIVE_INFINITY;
let reading: Promise<void> | undefined;

/** Forgets every key this process knows: for whoever puts another database in the place of this one. */
export function forgetSigningKeys(): void {
  known = [];
  byKid = new Map();
  readAt = Number.NEGATIVE_INFINITY;
}

async function opened({ _id, sealed, publicJwk, signsFrom }: SigningKeyRow): Promise<SigningKey[]> {
  const pem = unseal('signing-key', sealed, _id);
  const jwk = JSON.parse(publicJwk) as JWK;
  // The rows are believed no more than tokens: a public key that was put in by hand opens nothing.
  if (pem === null || (await calculateJwkThumbprint(jwk)) !== _id) {
    log.error({ kid: _id }, 'A signing key cannot be opened: it was made under another MASTER_KEY, or changed');
    return [];
  }
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return [{ kid: _id, jwk, publicKey, privateKey, signsFromMs: signsFrom.getTime() }];
}

async function makeKey(generation: number, signsFrom: Date): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  const row: SigningKeyRow = {
    _id: kid,
    generation,
    publicJwk: JSON.stringify(jwk),
    sealed: seal('signing-key', String(privateKey.export({ type: 'pkcs8', format: 'pem' })), kid),
    signsFrom,
  };
  try {
    await SigningKeys.native().insertOne(row, { ...durable, maxTimeMS: limits.mongoMs });
    // The one before this still signs; those before that one have been over for as long as a key signs.
    await SigningKeys.native().deleteMany({ generation: { $lt: generation - 1 } }, { maxTimeMS: limits.mongoMs });
    log.info({ kid, signsFrom }, 'There is a new signing key');
  } catch (error) {
    if (duplicateIn(error) === null) {
      throw error;
    }
  }
}

async function readRows(): Promise<{ readonly keys: SigningKey[]; readonly lastGeneration: number }> {
  const rows = await within(
    SigningKeys.native()
      .find({}, { maxTimeMS: limits.mongoMs, readConcern: { level: 'majority' } })
      .sort({ generation: 1 })
      .toArray(),
  );
  const keys = (await Promise.all(rows.map(opened))).flat();
  return { keys, lastGeneration: rows.at(-1)?.generation ?? -1 };
}

/** Reads the keys, and makes the next one where it is time: the first at once, later ones before they sign. */
async function read(): Promise<void> {
  let { keys, lastGeneration } = await readRows();
  const now = Date.now();
  const newest = keys.at(-1);
  const nextFromMs = newest
    ? Math.max(newest.signsFromMs + signingKeys.signsMs, now + signingKeys.publishedAheadMs)
    : now;
  if (!newest || nextFromMs - signingKeys.publishedAheadMs <= now) {
    await makeKey(lastGeneration + 1, new Date(nextFromMs));
    ({ keys, lastGeneration } = await readRows());
  }
  known = keys;
  byKid = new Map(living(keys, now).map(({ kid, publicKey }) => [kid, publicKey]));
  readAt = performance.now();
}

/** Those whose tokens may still be good, and those that are published ahead. */
function living(keys: readonly SigningKey[], now: number): SigningKey[] {
  const lastTokenMs = (accessTokens.lifetimeS + accessTokens.toleranceS) * 1_000 + signingKeys.overlapMs;
  return keys.filter((_key, index) => {
    const successor = keys[index + 1];
    return !successor || successor.signsFromMs + lastTokenMs > now;
  });
}

/** Reads once for everybody who asks meanwhile. Keys that are known outlive a MongoDB that is away. */
async function refresh(olderThanMs: number): Promise<void> {
  if (performance.now() - readAt <= olderThanMs) {
    return;
  }
  reading ??= read().finally(() => {
    reading = undefined;
  });
  try {
    await reading;
  } catch (error) {
    if (known.length === 0) {
      throw unavailable(error);
    }
    // Not at once again: whoever asks next must not wait for a MongoDB that is away.
    readAt = performance.now() - signingKeys.knownMs + signingKeys.rereadMs;
    log.warn({ err: error }, 'The signing keys could not be read; going on with those of before');
  }
}

/** The key that signs now. Errors: `server.unavailable` where keys were never read. */
export async function signingKey(): Promise<SigningKey> {
  await refresh(signingKeys.knownMs);
  const now = Date.now();
  const key = known.findLast(({ signsFromMs }) => signsFromMs <= now) ?? known[0];
  if (!key) {
    throw unavailable(undefined, 'There is no signing key that this process can open');
  }
  return key;
}

/** The keys that are published: those that sign, signed tokens that may still be good, or will sign soon. */
export async function publishedKeys(): Promise<readonly SigningKey[]> {
  await refresh(signingKeys.knownMs);
  return living(known, Date.now());
}

/**
 * The key a token names, or null. A name nobody knows lets the keys be read again, at most once a second however many
 * tokens name it: another process may have made a key since.
 */
export async function verificationKey(kid: string): Promise<KeyObject | null> {
  await refresh(signingKeys.knownMs);
  const key = byKid.get(kid);
  if (key) {
    return key;
  }
  await refresh(signingKeys.rereadMs);
  return byKid.get(kid) ?? null;
}
