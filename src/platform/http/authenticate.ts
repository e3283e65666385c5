// Who asks: one check of access tokens for HTTP requests and sockets. koa-jwt verifies; around it stands what it leaves
// open: the type of the token, unknown header members, claims that are missing, and a session that is over.
import type { KeyObject } from 'node:crypto';
import jwt from 'koa-jwt';
import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { accessTokens } from '#config/auth.ts';
import { findApiKey, looksLikeApiKey, selfScopes, type KeyHolder } from '../auth/api-keys.ts';
import { permissionsOf, rolesNow } from '../auth/rights.ts';
import type { Session } from '../auth/session-cache.ts';
import { findSession } from '../auth/sessions.ts';
import { verificationKey } from '../auth/signing-keys.ts';
import { AppError, problems } from '../errors.ts';
import type { Caller } from './route.ts';

/** What a good token says, and who its bearer is now. */
export interface Verified {
  readonly userId: string;
  readonly sessionId: string;
  /** When the token itself ends; the session may be renewed beyond it. */
  readonly expiresAt: Date;
  readonly caller: Caller;
}

const claimsOf = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  jti: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
});
type Claims = z.output<typeof claimsOf>;

function refused(detail: string, cause?: unknown): AppError {
  return problems.unauthenticated(detail, {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    cause,
  });
}

const headerMembers = new Set(['alg', 'typ', 'kid']);

/** The key a token's header names. Throws for any header that is not exactly ours. */
async function keyFor(header: Record<string, unknown>): Promise<KeyObject> {
  if (header['typ'] !== 'at+jwt' || Object.keys(header).some((member) => !headerMembers.has(member))) {
    throw new Error('Not the header of an access token');
  }
  const key = typeof header['kid'] === 'string' ? await verificationKey(header['kid']) : null;
  if (!key) {
    throw new Error('Unknown key');
  }
  return key;
}

const options: jwt.Options & { clockTolerance: number } = {
  // koa-jwt hands the loader's answer to jsonwebtoken, which takes a KeyObject (5 times as fast as a text); the
  // types of koa-jwt are older than that.
  secret: keyFor as unknown as jwt.SecretLoader,
  algorithms: ['ES256'],
  issuer: accessTokens.issuer,
  audience: accessTokens.audience,
  clockTolerance: accessTokens.toleranceS,
  key: 'claims',
};
const koaJwt = jwt(options);

/** Runs koa-jwt on a token alone: no cookie, no `ctx.state.secret` and no other header can have a say. */
async function claimsIn(token: string): Promise<Claims> {
  const state: { claims?: unknown } = {};
  const alone = {
    header: { authorization: `Bearer ${token}` },
    state,
    throw: (_status: number, _message: string, details?: { originalError?: unknown }) => {
      const cause = details?.originalError;
      // Not a no: nobody can say, because the keys could not be read.
      throw cause instanceof AppError ? cause : refused('The access token is not valid; log in or refresh it', cause);
    },
  };
  await koaJwt(alone as unknown as Context, async () => await Promise.resolve());
  const claims = claimsOf.safeParse(state.claims);
  if (!claims.success) {
    throw refused('The access token lacks claims', claims.error);
  }
  return claims.data;
}

// A signature that was right stays right, and checking it is the dearest part of a small request. Only that is
// remembered: times and session are looked at every time.
const rightTokens = new LRUCache<string, Claims>({ max: accessTokens.remembered });

async function checkedClaims(token: string): Promise<Claims> {
  const remembered = rightTokens.get(token);
  if (!remembered) {
    const claims = await claimsIn(token);
    rightTokens.set(token, claims);
    return claims;
  }
  if (Date.now() / 1000 >= remembered.exp + accessTokens.toleranceS) {
    rightTokens.delete(token);
    throw refused('The access token has expired; refresh it');
  }
  return remembered;
}

/** What the bearer of a living session may do. */
export async function callerOf({
  id,
  userId,
  roles: remembered,
}: Pick<Session, 'id' | 'userId' | 'roles'>): Promise<Caller> {
  const roles = await rolesNow(userId, remembered);
  const granted = await permissionsOf(roles);
  return { userId, sessionId: id, roles, can: (permission) => granted.has(permission) };
}

/**
 * Checks an access token and its session, and says who its bearer is. Errors: `auth.unauthenticated`, and what
 * `asAppError` makes 503 of where neither Redis nor MongoDB can say whether the session lives.
 */
export async function verifyAccessToken(token: string): Promise<Verified> {
  if (looksLikeApiKey(token)) {
    throw refused('An API key does not do here; log in and send an access token');
  }
  const { sub: userId, sid: sessionId, exp } = await checkedClaims(token);
  const session = await findSession(sessionId);
  if (!session || session.userId !== userId) {
    throw refused('The session is over; log in again');
  }
  return { userId, sessionId, expiresAt: new Date(exp * 1000), caller: await callerOf(session) };
}

/**
 * The bearer of an API key: its owner, with those of the key's scopes that the owner's roles carry now, and without a
 * session, so that nothing that asks for a step-up lets it in.
 */
async function callerOfKey({ keyId, userId, scopes, roles }: KeyHolder): Promise<Caller> {
  const granted = await permissionsOf(roles);
  const asked = new Set(scopes);
  return {
    userId,
    sessionId: '',
    roles: ['service'],
    apiKey: keyId,
    can: (permission) => asked.has(permission) && (granted.has(permission) || Object.hasOwn(selfScopes, permission)),
  };
}

const apiKey = /^Bearer (ssk_[A-Za-z0-9_-]{1,128})$/iu;
const bearer = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/iu;
const longestHeader = 4_096;

/** The caller of a request by its `Authorization` header, an access token or an API key; errors as verifyAccessToken. */
export async function authenticate(authorization: string | undefined): Promise<Caller> {
  if (authorization === undefined) {
    throw problems.unauthenticated(undefined, { headers: { 'WWW-Authenticate': 'Bearer' } });
  }
  const key = authorization.length <= longestHeader ? apiKey.exec(authorization)?.[1] : undefined;
  if (key !== undefined) {
    const holder = await findApiKey(key);
    if (!holder) {
      throw refused('The API key is not valid');
    }
    return await callerOfKey(holder);
  }
  const token = authorization.length <= longestHeader ? bearer.exec(authorization)?.[1] : undefined;
  if (token === undefined) {
    throw refused('Send the access token as "Authorization: Bearer <token>"');
  }
  return (await verifyAccessToken(token)).caller;
}

/** The caller of public routes: nobody, who may do nothing more. */
export const nobody: Caller = Object.freeze({ userId: 'anonymous', sessionId: '', roles: [], can: () => false });
