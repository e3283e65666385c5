// Files on their way in, over HTTP on real MongoDB: what is refused whole, and that nothing of it is kept.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { limits } from '#config/limits.ts';
import { ImportChunks, Imports } from '#src/platform/imports/import.ts';
import { importsOver } from '#src/platform/imports/service.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { uploadFile } from '../../support/imports.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const csv = 'text/csv';
const ndjson = 'application/x-ndjson';

describe('a file on its way in', function () {
  this.timeout(20_000);
  let server: TestServer;
  let admin: LoggedIn;

  before(async () => {
    const services = [userService, authService];
    server = await startServer([...services, importsOver(services)]);
    admin = await logInAdmin(server);
  });
  after(async () => {
    await server.close();
  });

  const upload = async (name: string, type: string, body: string | Buffer, headers = {}): Promise<Reply> =>
    await uploadFile(server.url, name, { token: admin.accessToken, type, body, headers });

  it('is refused whole where it cannot be right, and nothing of it is kept', async () => {
    const chunks = await ImportChunks.native().countDocuments();
    const imports = await Imports.native().countDocuments();
    const long = 'z'.repeat(limits.importLineBytes + 10);
    const many = 'a@b.test,A\n'.repeat(limits.importChunkLines * 2);
    for (const [name, type, body, status, code] of [
      ['nothing', csv, 'email,name\n', 404, 'import.unknown'],
      ['users', csv, '', 422, 'import.empty'],
      ['users', csv, 'email,name\n\n', 422, 'import.empty'],
      ['users', ndjson, '\n\n', 422, 'import.empty'],
      ['users', csv, 'email\na@b.test\n', 422, 'import.header'],
      ['users', csv, 'email,name,password\n', 422, 'import.header'],
      ['users', csv, 'email,name,name\n', 422, 'import.header'],
      ['users', csv, `email,name\n${many}"x`, 422, 'import.malformed'],
      ['users', csv, `email,name\n${many}${long},A\n`, 413, 'import.line-too-long'],
      ['users', 'text/plain', 'email,name\n', 415, 'request.unsupported-media-type'],
      ['users', 'application/json', '{}', 415, 'request.unsupported-media-type'],
      ['users', `${csv}; charset=latin1`, 'email,name\n', 415, 'request.unsupported-media-type'],
    ] as const) {
      const reply = await upload(name, type, body);
      assert.equal(reply.status, status, `${type} ${body.slice(0, 40)} ${reply.text}`);
      assert.equal(problemOf(reply).code, code);
    }
    const packed = await upload('users', csv, 'x', { 'content-encoding': 'gzip' });
    assert.equal(packed.status, 415);
    assert.equal(await ImportChunks.native().countDocuments(), chunks);
    assert.equal(await Imports.native().countDocuments(), imports);
  });

  it('is kept in rows MongoDB takes, also where its lines are of empty cells', async () => {
    const reply = await upload('users', csv, `email,name\n${`${','.repeat(16_000)}\n`.repeat(95)}`);
    assert.equal(reply.status, 202, reply.text);
  });

  it('is 413 where it is too large, announced or not, and nothing is kept', async () => {
    const chunks = await ImportChunks.native().countDocuments();
    const sent = async (headers: Record<string, string | number>, pieces: number): Promise<number | undefined> =>
      await new Promise((resolve, reject) => {
        const options = { method: 'POST', headers: { authorization: `Bearer ${admin.accessToken}`, ...headers } };
        const call = request(`${server.url}/api/imports/users`, options, (response) => {
          resolve(response.statusCode);
          response.resume();
          call.destroy();
        });
        call.on('error', reject);
        const piece = `${JSON.stringify({ email: 'x@y.test', name: 'n'.repeat(8_000) })}\n`.repeat(128);
        const write = (left: number): void => {
          if (left > 0 && !call.destroyed) {
            call.write(piece, () => write(left - 1));
          }
        };
        write(pieces);
      });
    assert.equal(await sent({ 'content-type': csv, 'content-length': limits.importBytes + 1 }, 1), 413);
    assert.equal(await sent({ 'content-type': ndjson }, 80), 413);
    await eventually(async () => assert.equal(await ImportChunks.native().countDocuments(), chunks));
  });

  it('leaves nothing when it breaks off', async () => {
    const chunks = await ImportChunks.native().countDocuments();
    const lines = `{"email":"x@y.test","name":"X"}\n`.repeat(limits.importChunkLines * 2);
    const options = {
      method: 'POST',
      headers: { authorization: `Bearer ${admin.accessToken}`, 'content-type': ndjson },
    };
    const call = request(`${server.url}/api/imports/users`, options);
    call.on('error', () => undefined);
    call.write(lines);
    await eventually(async () => assert.ok((await ImportChunks.native().countDocuments()) > chunks));
    call.destroy();
    await eventually(async () => assert.equal(await ImportChunks.native().countDocuments(), chunks));
  });
});
