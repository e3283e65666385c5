// Access tokens: ES256 JWTs of ten minutes (RFC 9068). Issued by the auth service; checked by http/authenticate.ts.
import { SignJWT, type JSONWebKeySet } from 'jose';
import { accessTokens } from '#config/auth.ts';
import { newId } from '../ids.ts';
import { publishedKeys, signingKey } from './signing-keys.ts';

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

/** The public keys as a JSON Web Key Set (RFC 7517), for `/.well-known/jwks.json`. */
export async function publicKeySet(): Promise<JSONWebKeySet> {
  return { keys: (await publishedKeys()).map(({ kid, jwk }) => ({ ...jwk, kid, use: 'sig', alg: 'ES256' })) };
}
