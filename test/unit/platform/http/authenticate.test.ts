// Every trap of koa-jwt that the wrapper closes, and those it must not open. Good tokens, which need a session, are in
// test/integration/auth.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, it } from 'mocha';
import { AppError } from '#src/platform/errors.ts';
import { authenticate, verifyAccessToken } from '#src/platform/http/authenticate.ts';
import { publicKeySet, verificationKeys } from '#src/platform/auth/tokens.ts';
import { deriveSigningKey } from '#src/platform/secrets.ts';

const ours = deriveSigningKey('access-token');
const { crv, kty, x, y } = ours.jwk;
// RFC 7638: the required members in alphabetical order.
const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
const nowS = Math.floor(Date.now() / 1000);
const goodHeader = { alg: 'ES256', typ: 'at+jwt', kid };
const goodClaims = {
  iss: 'urn:smartstart-brain',
  aud: 'urn:smartstart-brain:api',
  sub: 'u1',
  sid: 's1',
  jti: 'j1',
  iat: nowS,
  exp: nowS + 600,
};

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const es256 = (key: KeyObject) => (text: string) =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

function token(header: unknown, claims: unknown, signer = es256(ours.privateKey)): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signer(text)}`;
}

const without = (member: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(goodClaims).filter(([name]) => name !== member));

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = ours.publicKey.export({ type: 'spki', format: 'pem' });
const hmac = (algorithm: string, secret: string | Buffer) => (text: string) =>
  createHmac(algorithm, secret).update(text).digest('base64url');

const bad: Record<string, string> = {
  'alg none': token({ ...goodHeader, alg: 'none' }, goodClaims, () => ''),
  'alg nOnE': token({ ...goodHeader, alg: 'nOnE' }, goodClaims, () => ''),
  'alg none with our signature': token({ ...goodHeader, alg: 'none' }, goodClaims),
  'HS256 with the public key as secret': token({ ...goodHeader, alg: 'HS256' }, goodClaims, hmac('sha256', pem)),
  'HS512 with the public key as secret': token({ ...goodHeader, alg: 'HS512' }, goodClaims, hmac('sha512', pem)),
  RS256: token({ ...goodHeader, alg: 'RS256' }, goodClaims, (text) =>
    sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url'),
  ),
  ES384: token({ ...goodHeader, alg: 'ES384' }, goodClaims),
  'a key that is not ours': token(goodHeader, goodClaims, es256(stranger.privateKey)),
  'an embedded jwk': token(
    { ...goodHeader, jwk: stranger.publicKey.export({ format: 'jwk' }) },
    goodClaims,
    es256(stranger.privateKey),
  ),
  'an embedded jwk, signed by us': token({ ...goodHeader, jwk: ours.jwk }, goodClaims),
  'a jku': token({ ...goodHeader, jku: 'https://evil.test/keys' }, goodClaims),
  'an unknown kid': token({ ...goodHeader, kid: 'other' }, goodClaims),
  'kid __proto__': token(`{"alg":"ES256","typ":"at+jwt","kid":"__proto__"}`, goodClaims),
  'kid constructor': token({ ...goodHeader, kid: 'constructor' }, goodClaims),
  'kid ../../a': token({ ...goodHeader, kid: '../../a' }, goodClaims),
  'no kid': token({ alg: 'ES256', typ: 'at+jwt' }, goodClaims),
  'crit with an unknown name': token({ ...goodHeader, crit: ['x'], x: 1 }, goodClaims),
  'an empty crit': token({ ...goodHeader, crit: [] }, goodClaims),
  'typ refresh+jwt': token({ ...goodHeader, typ: 'refresh+jwt' }, goodClaims),
  'typ JWT': token({ ...goodHeader, typ: 'JWT' }, goodClaims),
  'no typ': token({ alg: 'ES256', kid }, goodClaims),
  'a header member __proto__': token(`{"alg":"ES256","typ":"at+jwt","kid":"${kid}","__proto__":{}}`, goodClaims),
  'no exp': token(goodHeader, without('exp')),
  'an exp that is a text': token(goodHeader, { ...goodClaims, exp: String(nowS + 600) }),
  expired: token(goodHeader, { ...goodClaims, exp: nowS - 6 }),
  'nbf in the future': token(goodHeader, { ...goodClaims, nbf: nowS + 60 }),
  'no iat': token(goodHeader, without('iat')),
  'no jti': token(goodHeader, without('jti')),
  'no sid': token(goodHeader, without('sid')),
  'no sub': token(goodHeader, without('sub')),
  'an empty sid': token(goodHeader, { ...goodClaims, sid: '' }),
  'no aud': token(goodHeader, without('aud')),
  'another aud': token(goodHeader, { ...goodClaims, aud: 'urn:other' }),
  'no iss': token(goodHeader, without('iss')),
  'another iss': token(goodHeader, { ...goodClaims, iss: 'urn:other' }),
  'claims that are a text': token(goodHeader, '"hello"'),
  'claims that are a list': token(goodHeader, []),
  'a stripped signature': `${part(goodHeader)}.${part(goodClaims)}.`,
  'a DER signature': token(goodHeader, goodClaims, (text) =>
    sign('sha256', Buffer.from(text), ours.privateKey).toString('base64url'),
  ),
  'a signature of zeros': token(goodHeader, goodClaims, () => Buffer.alloc(64).toString('base64url')),
  'changed claims': (() => {
    const [header, , signature] = token(goodHeader, goodClaims).split('.');
    return [header, part({ ...goodClaims, sub: 'u2' }), signature].join('.');
  })(),
  'two parts': `${part(goodHeader)}.${part(goodClaims)}`,
  nothing: '',
  noise: 'not a token',
};

const is401 = (error: unknown): boolean =>
  error instanceof AppError &&
  error.problem.status === 401 &&
  error.problem.code === 'auth.unauthenticated' &&
  error.headers['WWW-Authenticate'] === 'Bearer error="invalid_token"';

describe('access tokens', () => {
  for (const [name, text] of Object.entries(bad)) {
    it(`are refused with ${name}`, async () => {
      await assert.rejects(verifyAccessToken(text), is401);
    });
  }

  it('are refused as any header but "Bearer <token>"', async () => {
    const good = token(goodHeader, goodClaims);
    for (const header of [
      `Basic ${good}`,
      `Bearer  ${good}`,
      `Bearer ${good} x`,
      good,
      'Bearer',
      'Bearer ',
      '',
      `Bearer ${'a'.repeat(9_000)}.b.c`,
    ]) {
      await assert.rejects(authenticate(header), is401, header.slice(0, 40));
    }
  });

  it('are asked for without saying that one was bad', async () => {
    await assert.rejects(
      authenticate(undefined),
      (error) => error instanceof AppError && error.headers['WWW-Authenticate'] === 'Bearer',
    );
  });

  it('are signed with a key whose public half alone is shown', async () => {
    const set = await publicKeySet();
    assert.deepEqual(
      set.keys.map((key) => ({ ...key, x: typeof key.x, y: typeof key.y })),
      [{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid, x: 'string', y: 'string' }],
    );
    assert.deepEqual([...(await verificationKeys()).keys()], [kid]);
    assert.throws(() => createPrivateKey({ key: set.keys[0] as never, format: 'jwk' }));
  });
});
