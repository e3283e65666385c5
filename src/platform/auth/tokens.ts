// Access tokens: ES256 JWTs of ten minutes (RFC 9068), signed with a key that all processes derive from MASTER_KEY.
// Issued by the auth service; checked by http/authenticate.ts.
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT, type JSONWebKeySet, type JWK } from 'jose';
import { accessTokens } from '#config/auth.ts';
import { newId } from '../ids.ts';
import { deriveSigningKey } from '../secrets.ts';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JWK;
}

let current: Promise<SigningKey> | undefined;

async function makeSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey, jwk } = deriveSigningKey('access-token');
  return { kid: await calculateJwkThumbprint(jwk as JWK), privateKey, publicKey, jwk: jwk as JWK };
}

async function signingKey(): Promise<SigningKey> {
  current ??= makeSigningKey();
  return await current;
}

/** A new access token of a session, good for `lifetimeS` seconds. */
export async function issueAccessToken(
  subject: { userId: string; sessionId: string },
  lifetimeS: number = accessTokens.lifetimeS,
): Promise<string> {
  const { kid, privateKey } = await signingKey();
  const nowS = Math.floor(Date.now() / 1000);
  return await new SignJWT({ sid: subject.sessionId })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
    .setIssuer(accessTokens.issuer)
    .setAudience(accessTokens.audience)
    .setSubject(subject.userId)
    .setJti(newId())
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + lifetimeS)
    .sign(privateKey);
}

/** The keys that access tokens are checked with, by `kid`. */
export async function verificationKeys(): Promise<ReadonlyMap<string, KeyObject>> {
  const { kid, publicKey } = await signingKey();
  return new Map([[kid, publicKey]]);
}

/** The public keys as a JSON Web Key Set (RFC 7517), for `/.well-known/jwks.json`. */
export async function publicKeySet(): Promise<JSONWebKeySet> {
  const { kid, jwk } = await signingKey();
  return { keys: [{ ...jwk, kid, use: 'sig', alg: 'ES256' }] };
}
