// Imports over HTTP on real MongoDB and Redis: files of people and of XP, what is refused and how that is told.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { limits } from '#config/limits.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { shardsOf, Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { importPage, importView, type ImportView } from '#src/platform/imports/import.schema.ts';
import { ImportChunks, Imports } from '#src/platform/imports/import.ts';
import { importsOver } from '#src/platform/imports/service.ts';
import { stepImports, tidyUploads } from '#src/platform/imports/sweep.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { operationsWorker } from '#workers/operations.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { uploadFile } from '../../support/imports.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const csv = 'text/csv';
const ndjson = 'application/x-ndjson';

interface Refused {
  readonly line: number;
  readonly code: string;
  readonly pointer?: string;
}

describe('imports', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owners: Owner[];
  let admin: LoggedIn;

  before(async () => {
    const services = [userService, authService, gamificationService, stateMachineService];
    server = await startServer([...services, importsOver(services)]);
    owners = [operationsWorker(server.registry), workOwner(server.registry, 'gamification')];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const upload = async (name: string, type: string, body: string | Buffer, headers = {}): Promise<Reply> =>
    await uploadFile(server.url, name, { token: admin.accessToken, type, body, headers });
  const get = async (path: string): Promise<Reply> => await server.call('GET', path, { token: admin.accessToken });
  const over = async (started: Reply): Promise<ImportView> => {
    assert.equal(started.status, 202, started.text);
    const { id } = importView.parse(started.body);
    assert.equal(started.headers.get('location'), `/api/imports/${id}`);
    return await eventually(async () => {
      const view = importView.parse((await get(`/api/imports/${id}`)).body);
      assert.equal(view.state, 'done', JSON.stringify(view));
      return view;
    }, 15_000);
  };
  const report = async (id: string): Promise<Refused[]> => {
    const { text, headers, status } = await get(`/api/imports/${id}/report`);
    assert.deepEqual([status, headers.get('content-type')], [200, ndjson]);
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Refused);
  };
  const brief = (refused: readonly Refused[]) => refused.map(({ line, code, pointer }) => [line, code, pointer]);
  const figures = ({ lines, done, accepted, refused }: ImportView) => [lines, done, accepted, refused];
  const domain = (): string => `${newId()}.test`;
  const userOf = async (email: string): Promise<{ id: string; name: string; roles: string[] } | undefined> => {
    const page = (await get(`/api/users/?q=${encodeURIComponent(email)}`)).body as { data: never[] };
    return page.data[0];
  };
  const xpOf = async (email: string): Promise<number> =>
    ((await get(`/api/gamification/xp/${(await userOf(email))?.id}`)).body as { xp: number }).xp;

  it('makes people of a CSV file and reports each line that is refused, by its number', async () => {
    const at = domain();
    const rows = [
      'name,email',
      `Ada,ada@${at}`,
      `"Bob\nthe second",bob@${at}`,
      '',
      `"Čapek, Karel",ČAPEK@${at}`,
      `Dora,DORA@${at}`,
      'Eve,not an address',
      `Fay,fay@${at},extra`,
      `,nameless@${at}`,
      `Ada again,ada@${at}`,
      `Admin,admin@example.test`,
    ];
    const view = await over(await upload('users', csv, `\uFEFF${rows.join('\r\n')}\r\n`));
    assert.deepEqual(figures(view), [9, 9, 2, 7]);
    assert.deepEqual(brief(await report(view.id)), [
      [3, 'request.invalid', '/line/name'],
      [6, 'request.invalid', '/line/email'],
      [8, 'request.invalid', '/line/email'],
      [9, 'import.columns', undefined],
      [10, 'request.invalid', '/line/name'],
      [11, 'auth.email-taken', undefined],
      [12, 'auth.email-taken', undefined],
    ]);
    const dora = await userOf(`dora@${at}`);
    assert.deepEqual([dora?.name, dora?.roles], ['Dora', ['user']]);
    assert.equal(await Events.native().countDocuments({ type: 'user.registered', 'data.userId': dora?.id }), 1);
  });

  it('takes JSON lines, marks those that are none or not UTF-8, and never repeats what they hold', async () => {
    const at = domain();
    const bytes = Buffer.concat([
      Buffer.from(`{"email":"a@${at}","name":"A"}\n\n[1]\nsecret-text\n`),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(`{"email":"b@${at}","name":"B","password":"secret-text","__proto__":{"x":1}}\n`),
    ]);
    const view = await over(await upload('users', `${ndjson}; charset=utf-8`, bytes));
    assert.deepEqual(figures(view), [5, 5, 1, 4]);
    const refused = await report(view.id);
    assert.deepEqual(brief(refused).slice(0, 3), [
      [3, 'import.not-json', undefined],
      [4, 'import.not-json', undefined],
      [5, 'import.bad-encoding', undefined],
    ]);
    assert.equal(refused[3]?.code, 'request.invalid');
    assert.ok(!JSON.stringify(refused).includes('secret-text'));
  });

  it('is the same import under the same key, and another one without', async () => {
    const at = domain();
    const file = `email,name\na@${at},A\n`;
    const key = { 'idempotency-key': newId() };
    const first = await over(await upload('users', csv, file, key));
    const again = await upload('users', csv, file, key);
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [202, 'true']);
    assert.equal((again.body as ImportView).id, first.id);
    const chunks = await ImportChunks.native().countDocuments();
    assert.equal(problemOf(await upload('users', csv, `${file}b@${at},B\n`, key)).code, 'idempotency.body-differs');
    assert.equal(await ImportChunks.native().countDocuments(), chunks);
    const other = await over(await upload('users', csv, file));
    assert.notEqual(other.id, first.id);
    assert.deepEqual(brief(await report(other.id)), [[2, 'auth.email-taken', undefined]]);
    const page = importPage.parse((await get('/api/imports?limit=2')).body);
    assert.equal(page.data[0]?.id, other.id);
  });

  it('grants XP once for each source and id, in whichever file a line stands, and refuses what differs', async () => {
    const at = domain();
    await over(await upload('users', csv, `email,name\na@${at},A\nb@${at},B\n`));
    const header = 'email,amount,reason,source,id,occurredAt';
    const lines = [
      `a@${at},40,talk,${newId()},1,2024-01-02T03:04:05+01:00`,
      `b@${at},25,opening total,old-system,total-${at},`,
      `a@${at},15,docs,old-system,7-${at},`,
    ];
    const file = `${header}\n${lines.join('\n')}\n`;
    const first = await over(await upload('xp', csv, file));
    assert.deepEqual(figures(first), [3, 3, 3, 0]);
    const again = await over(await upload('xp', csv, `${file}${lines[2]}\n`));
    assert.deepEqual(figures(again), [4, 4, 4, 0]);
    assert.deepEqual([await xpOf(`a@${at}`), await xpOf(`b@${at}`)], [55, 25]);
    const differs = [
      `a@${at},16,docs,old-system,7-${at},`,
      `nobody@${at},1,x,old-system,8-${at},`,
      `a@${at},-5,x,old-system,9-${at},`,
      `a@${at},1.5,x,old-system,10-${at},`,
      `a@${at},1,x,old system,11-${at},`,
    ];
    const last = await over(await upload('xp', csv, `${header}\n${differs.join('\n')}\n`));
    assert.deepEqual(brief(await report(last.id)), [
      [2, 'gamification.source-differs', undefined],
      [3, 'gamification.user-unknown', undefined],
      [4, 'request.invalid', '/line/amount'],
      [5, 'request.invalid', '/line/amount'],
      [6, 'request.invalid', '/line/source'],
    ]);
    assert.equal(await xpOf(`a@${at}`), 55);
  });

  it('waits for the outcome of every line before it goes on', async () => {
    const at = domain();
    await over(await upload('users', csv, `email,name\na@${at},A\n`));
    await owners[1]?.stop();
    const line = { email: `a@${at}`, amount: 5, reason: 'x', source: 'waiting', id: at };
    const { id } = importView.parse((await upload('xp', ndjson, JSON.stringify(line))).body);
    await eventually(async () => assert.equal((await Imports.native().findOne({ _id: id }))?.inFlight.length, 1));
    assert.equal(await stepImports(server.registry, shardsOf('operations'), new Date()), 0);
    owners[1] = workOwner(server.registry, 'gamification');
    owners[1].start();
    await eventually(async () => {
      const view = importView.parse((await get(`/api/imports/${id}`)).body);
      assert.deepEqual([view.state, view.accepted], ['done', 1]);
    });
  });

  it('tells of its progress, and ends early when it is cancelled: what was done stays and is counted', async () => {
    const at = domain();
    const count = limits.importChunkLines * 4;
    const lines = Array.from({ length: count }, (_, index) => `{"email":"p${index}@${at}","name":"P"}\n`);
    const { id } = importView.parse((await upload('users', ndjson, lines.join(''))).body);
    const cancel = async (): Promise<Reply> =>
      await server.call('POST', `/api/imports/${id}/cancel`, { token: admin.accessToken });
    assert.equal((await cancel()).status, 200);
    const view = await eventually(async () => {
      const found = importView.parse((await get(`/api/imports/${id}`)).body);
      assert.equal(found.state, 'cancelled');
      return found;
    });
    assert.ok(view.done < count && view.cancelRequested);
    assert.equal(
      await Work.native().countDocuments({ kind: 'user.account.import', state: 'done', 'input.email': { $regex: at } }),
      view.accepted,
    );
    assert.equal(problemOf(await cancel()).code, 'import.finished');
    const told = await Events.native()
      .find({ subject: `import.${id}` })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual([told[0]?.type, told.at(-1)?.type], ['import.started', 'import.cancelled']);
    assert.ok(told.every(({ audience }) => audience.includes(`user.${admin.user.id}`)));
  });

  it('removes lines nobody needs: of what is over, and of uploads whose process died', async () => {
    const left = newId();
    const line = { n: 1, text: '{}' };
    const old = { _id: `${left}.0`, upload: left, n: 0, first: 0, lines: [line], at: new Date(0) };
    const fresh = newId();
    await ImportChunks.native().insertMany([
      old,
      { ...old, _id: `${left}.1`, n: 1 },
      { ...old, _id: `${fresh}.0`, upload: fresh, at: new Date() },
    ]);
    assert.ok((await tidyUploads(new Date())) > 1);
    assert.deepEqual(
      (await ImportChunks.native().find().toArray()).map(({ _id }) => _id),
      [`${fresh}.0`],
    );
    await ImportChunks.native().deleteMany({});
  });

  it('is for those with the permission alone', async () => {
    const { accessToken: token } = await registerSomebody(server);
    const id = newId();
    for (const [method, path] of [
      ['POST', '/api/imports/users'],
      ['GET', '/api/imports'],
      ['GET', `/api/imports/${id}`],
      ['GET', `/api/imports/${id}/report`],
      ['POST', `/api/imports/${id}/cancel`],
    ] as const) {
      assert.equal((await server.call(method, path, { token })).status, 403, path);
      assert.equal((await server.call(method, path)).status, 401, path);
    }
    assert.equal((await get(`/api/imports/${id}`)).status, 404);
    assert.equal((await get(`/api/imports/${id}/report`)).status, 404);
  });
});
