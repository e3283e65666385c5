// Signing keys: published before they sign, good until their last token is over, sealed, made once by many, asked for
// again in bounds.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'mocha';
import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import mongoose from 'mongoose';
import { accessTokens, signingKeys } from '#config/auth.ts';
import { forgetSigningKeys, signingKey, verificationKey } from '#src/platform/auth/signing-keys.ts';
import { issueAccessToken } from '#src/platform/auth/tokens.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

interface Row {
  readonly _id: string;
  readonly generation: number;
  readonly sealed: string;
  readonly signsFrom: Date;
}

describe('signing keys', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService]);
  });
  after(async () => await server.close());

  const rows = () => mongoose.connection.collection<Row>('signing_keys');
  const published = async (): Promise<string[]> =>
    ((await server.call('GET', '/.well-known/jwks.json')).body as JSONWebKeySet).keys.map(({ kid }) => kid ?? '');
  const meStatus = async (token: string): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;
  /** As another process would find the rows. */
  const readAnew = async (): Promise<void> => {
    forgetSigningKeys();
    await signingKey();
  };
  /** As if every key had begun to sign earlier. */
  const ageBy = async (ms: number): Promise<void> => {
    for (const { _id, signsFrom } of await rows().find({}).toArray()) {
      await rows().updateOne({ _id }, { $set: { signsFrom: new Date(signsFrom.getTime() - ms) } });
    }
    await readAnew();
  };
  /** Another token of the same session, signed by the key of now. */
  const another = async (token: string): Promise<string> => {
    const { sub, sid } = decodeJwt(token);
    return await issueAccessToken({ userId: String(sub), sessionId: String(sid) });
  };

  beforeEach(async () => {
    await rows().deleteMany({});
    await readAnew();
  });

  it('are made once by many who start at once', async () => {
    await rows().deleteMany({});
    forgetSigningKeys();
    const kids = await Promise.all(Array.from({ length: 8 }, async () => (await signingKey()).kid));
    assert.equal(new Set(kids).size, 1);
    assert.equal(await rows().countDocuments({}), 1);
  });

  it('are published before they sign, sign for their time, and check until their last token is over', async () => {
    const { accessToken } = await registerSomebody(server);
    const [old = ''] = await published();
    await ageBy(signingKeys.signsMs - signingKeys.publishedAheadMs - 60_000);
    assert.deepEqual(await published(), [old], 'too early for the next one');
    await ageBy(120_000);
    const [, next = ''] = await published();
    assert.equal((await published()).length, 2);
    assert.equal((await signingKey()).kid, old, 'published, but it does not sign yet');
    const stillOld = await another(accessToken);
    await ageBy(signingKeys.publishedAheadMs);
    const fresh = await another(accessToken);
    assert.equal(decodeProtectedHeader(fresh).kid, next);
    assert.deepEqual(await published(), [old, next]);
    assert.deepEqual(await Promise.all([accessToken, stillOld, fresh].map(meStatus)), [200, 200, 200]);
    await ageBy((accessTokens.lifetimeS + accessTokens.toleranceS) * 1_000 + signingKeys.overlapMs);
    assert.deepEqual(await published(), [next]);
    assert.equal(await verificationKey(old), null);
  });

  it('are sealed: the database alone signs nothing, and rows that were changed are not believed', async () => {
    const row = await rows().findOne({});
    assert.ok(row);
    const text = JSON.stringify(row);
    assert.equal(/PRIVATE|"d"/u.test(Buffer.from(row.sealed, 'base64url').toString('latin1') + text), false);
    // Somebody who can write the collection brings a key of their own.
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = own.publicKey.export({ format: 'jwk' });
    await rows().updateOne({ _id: row._id }, { $set: { publicJwk: JSON.stringify(jwk) } });
    await readAnew();
    const { kid } = await signingKey();
    assert.notEqual(kid, row._id, 'a new key takes the place of one that cannot be opened');
    assert.equal(await verificationKey(row._id), null);
    assert.deepEqual(await published(), [kid]);
  });

  it('that another process made are found when a token names them, and noise asks MongoDB once a second', async () => {
    const { accessToken } = await registerSomebody(server);
    const [known = ''] = await published();
    const row = await rows().findOne({ _id: known });
    assert.ok(row);
    await rows().deleteMany({});
    forgetSigningKeys();
    const token = await another(accessToken);
    const strangers = await rows().find({}).toArray();
    // This process now knows one key alone; the other one stands in the rows beside it.
    await rows().deleteMany({});
    await rows().insertOne({ ...row, generation: 7 });
    await readAnew();
    await rows().insertMany(strangers);
    await eventually(async () => assert.equal(await meStatus(token), 200));
    let asked = 0;
    mongoose.set('debug', (collection: string, method: string) => {
      asked += collection === 'signing_keys' && method === 'find' ? 1 : 0;
    });
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const noise = (index: number): string => {
      const text = `${part({ alg: 'ES256', typ: 'at+jwt', kid: `no-${index}` })}.${part({})}`;
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const begin = performance.now();
    const statuses: number[] = [];
    do {
      const round = Array.from({ length: 30 }, async (_, index) => await meStatus(noise(index)));
      statuses.push(...(await Promise.all(round)));
    } while (performance.now() - begin < 2 * signingKeys.rereadMs);
    mongoose.set('debug', false);
    assert.deepEqual([...new Set(statuses)], [401]);
    const most = 1 + Math.ceil((performance.now() - begin) / signingKeys.rereadMs);
    assert.ok(asked > 0 && asked <= most, `${asked} reads`);
  });
});
