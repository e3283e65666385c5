// A table of attacks on access tokens against both doors: each token is sent with a request and with a socket. Around it
// the traps of koa-jwt that the wrapper closes, keys that are made anew, and tokens of foreign makers.
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'mocha';
import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { io } from 'socket.io-client';
import { signingKey, type SigningKey } from '#src/platform/auth/signing-keys.ts';
import { endSession } from '#src/platform/auth/session-endings.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const es256 = (key: KeyObject) => (text: string) =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

function join(header: unknown, claims: unknown, signer: (text: string) => string): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signer(text)}`;
}

interface Material {
  readonly ours: SigningKey;
  readonly kid: string;
  /** Those of a token that is good. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** A session of the same user that is over. */
  readonly revoked: string;
}

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const edwards = generateKeyPairSync('ed25519');
const hmac = (algorithm: string, secret: string | Buffer) => (text: string) =>
  createHmac(algorithm, secret).update(text).digest('base64url');

const badTokens = ({ ours, kid, claims: goodClaims, revoked }: Material): Record<string, string> => {
  const goodHeader = { alg: 'ES256', typ: 'at+jwt', kid };
  const nowS = Math.floor(Date.now() / 1000);
  const pem = ours.publicKey.export({ type: 'spki', format: 'pem' });
  const signed = es256(ours.privateKey);
  const token = (header: unknown, claims: unknown, signer = signed): string => join(header, claims, signer);
  const without = (member: string): object =>
    Object.fromEntries(Object.entries(goodClaims).filter(([name]) => name !== member));
  return {
    'alg none': token({ ...goodHeader, alg: 'none' }, goodClaims, () => ''),
    'alg nOnE': token({ ...goodHeader, alg: 'nOnE' }, goodClaims, () => ''),
    'alg none with our signature': token({ ...goodHeader, alg: 'none' }, goodClaims),
    'HS256 with the public key as secret': token({ ...goodHeader, alg: 'HS256' }, goodClaims, hmac('sha256', pem)),
    'HS512 with the public key as secret': token({ ...goodHeader, alg: 'HS512' }, goodClaims, hmac('sha512', pem)),
    RS256: token({ ...goodHeader, alg: 'RS256' }, goodClaims, (text) =>
      sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url'),
    ),
    EdDSA: token({ ...goodHeader, alg: 'EdDSA' }, goodClaims, (text) =>
      sign(null, Buffer.from(text), edwards.privateKey).toString('base64url'),
    ),
    ES384: token({ ...goodHeader, alg: 'ES384' }, goodClaims),
    'a key that is not ours': token(goodHeader, goodClaims, es256(stranger.privateKey)),
    'an embedded jwk': token(
      { ...goodHeader, jwk: stranger.publicKey.export({ format: 'jwk' }) },
      goodClaims,
      es256(stranger.privateKey),
    ),
    'an embedded jwk, signed by us': token(
      { ...goodHeader, jwk: ours.publicKey.export({ format: 'jwk' }) },
      goodClaims,
    ),
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
    'no exp and no iat': token(goodHeader, { ...without('exp'), iat: undefined }),
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
    'a session that is over': token(goodHeader, { ...goodClaims, sid: revoked }),
    'a session that never was': token(goodHeader, { ...goodClaims, sid: 'never' }),
    'the header of another token': [
      part({ ...goodHeader, kid: 'other' }),
      ...token(goodHeader, goodClaims).split('.').slice(1),
    ].join('.'),
    'four parts': `${token(goodHeader, goodClaims)}.x`,
    'spaces around': ` ${token(goodHeader, goodClaims)} `,
    'padding behind': `${token(goodHeader, goodClaims)}==`,
    'another spelling of the signature': `${token(goodHeader, goodClaims).slice(0, -1)}!`,
    'the JSON serialisation': JSON.stringify({
      protected: part(goodHeader),
      payload: part(goodClaims),
      signature: token(goodHeader, goodClaims).split('.')[2],
    }),
    noise: 'not a token',
  };
};

describe('access tokens at both doors', () => {
  let server: TestServer;
  let realtime: Realtime;
  let ours: SigningKey;
  let good: string;
  let material: Material;

  before(async () => {
    server = await startServer([userService, authService]);
    realtime = createRealtime(server.http, async () => await Promise.resolve(false));
    const somebody = await registerSomebody(server);
    good = somebody.accessToken;
    const again = await server.call('POST', '/api/auth/refresh', { body: { refreshToken: somebody.refreshToken } });
    assert.equal(again.status, 200);
    const { email } = somebody.user;
    const other = await server.call('POST', '/api/auth/login', { body: { email, password: 'correct horse battery' } });
    const revoked = String(decodeJwt((other.body as { accessToken: string }).accessToken)['sid']);
    await endSession(revoked);
    ours = await signingKey();
    material = { ours, kid: ours.kid, claims: decodeJwt(good), revoked };
  });
  after(async () => {
    await realtime.close();
    await server.close();
  });

  const get = async (authorization: string) => await server.call('GET', '/api/auth/me', { headers: { authorization } });
  /** What the socket door says to a token: `hello`, or the code it refuses with. */
  const atSocket = async (token: string): Promise<string> =>
    await new Promise((resolve) => {
      const socket = io(server.url, {
        transports: ['websocket'],
        auth: { token },
        reconnection: false,
        forceNew: true,
      });
      const done = (answer: string): void => {
        socket.close();
        resolve(answer);
      };
      socket.once('hello', () => done('hello'));
      socket.once('connect_error', (error) => done(error.message));
    });
  const isGood = async (token: string): Promise<void> => {
    assert.equal((await get(`Bearer ${token}`)).status, 200);
    assert.equal(await atSocket(token), 'hello');
  };
  const isRefused = async (token: string, name: string): Promise<void> => {
    const reply = await get(`Bearer ${token}`);
    assert.equal(reply.status, 401, name);
    assert.equal(problemOf(reply).code, 'auth.unauthenticated', name);
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/u, name);
    assert.equal(await atSocket(token), 'auth.unauthenticated', name);
  };

  it('are good as they were made, and as the table signs them', async () => {
    await isGood(good);
    const header = decodeProtectedHeader(good);
    await isGood(join(header, { ...material.claims, jti: 'another' }, es256(ours.privateKey)));
  });

  it('are refused in every way of the table, at both', async () => {
    for (const [name, token] of Object.entries(badTokens(material))) {
      // fetch trims what stands at the ends of a header.
      if (name === 'spaces around') {
        assert.equal(await atSocket(token), 'auth.unauthenticated', name);
      } else {
        await isRefused(token, name);
      }
    }
    await isGood(good);
  });

  it('are refused as any header but "Bearer <token>"', async () => {
    for (const header of [
      `Basic ${good}`,
      `Bearer  ${good}`,
      `Bearer ${good} x`,
      good,
      'Bearer',
      `Bearer ${'a'.repeat(9_000)}.b.c`,
    ]) {
      const reply = await get(header);
      assert.equal(reply.status, 401, header.slice(0, 40));
      assert.equal(reply.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
    }
    const none = await server.call('GET', '/api/auth/me');
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer'], 'asked for, not called bad');
  });

  it('are believed from a foreign maker who has the key (jsonwebtoken), and from none who has another', async () => {
    // The library is there because koa-jwt checks with it; it has no types of its own.
    const foreign = createRequire(createRequire(import.meta.url).resolve('koa-jwt'))('jsonwebtoken') as {
      sign(claims: object, key: KeyObject, options: object): string;
    };
    const options = { algorithm: 'ES256', keyid: ours.kid, header: { alg: 'ES256', typ: 'at+jwt' } };
    const claims = { ...material.claims, jti: 'foreign' };
    await isGood(foreign.sign(claims, ours.privateKey, options));
    await isRefused(foreign.sign(claims, stranger.privateKey, options), 'a key that is not ours');
    await isRefused(foreign.sign(claims, ours.privateKey, { ...options, header: { typ: 'JWT' } }), 'typ JWT');
  });

  it('are signed with a key whose public half alone is shown', async () => {
    const set = (await server.call('GET', '/.well-known/jwks.json')).body as JSONWebKeySet;
    assert.deepEqual(
      set.keys.map((key) => ({ ...key, x: typeof key.x, y: typeof key.y })),
      [{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: ours.kid, x: 'string', y: 'string' }],
    );
    assert.throws(() => createPrivateKey({ key: set.keys[0] as never, format: 'jwk' }));
  });
});
