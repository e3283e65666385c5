// How to restore yesterday, as somebody with `npm start` does it: a backup while everything runs, work that goes wrong,
// a stop, a restore, a start. Then the same backup into another folder.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '#src/platform/embedded/child.ts';
import { eventually } from '../../support/eventually.ts';
import { call, fleetAdmin, login } from '../../support/fleet.ts';
import { operate } from '../../support/operator.ts';
import { registerPeople } from '../../support/system.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('yesterday, with npm start', function () {
  this.timeout(300_000);
  let folder: string;
  let running: ChildProcess | undefined;
  let said = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brain-yesterday-'));
  });
  after(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stderr.write(said);
    }
  });

  const environment = (data: string): Record<string, string> => ({
    DATA_DIR: join(folder, data),
    MONGO_URL: '',
    REDIS_URL: '',
    MASTER_KEY: '',
    LOG_LEVEL: 'info',
  });

  async function start(data: string): Promise<string> {
    const port = await freePort();
    const admin = { BOOTSTRAP_ADMIN_EMAIL: fleetAdmin.email, BOOTSTRAP_ADMIN_PASSWORD: fleetAdmin.password };
    const env = { ...process.env, ...environment(data), ...admin, PORT: String(port) };
    said = '';
    const child = (running = spawn(process.execPath, ['--import', 'tsx', 'src/start.ts'], { cwd: root, env }));
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually(() => assert.match(said, /is ready after/u), 90_000, 100);
    return `http://127.0.0.1:${port}`;
  }

  async function stop(): Promise<void> {
    if (running && running.exitCode === null) {
      const ended = once(running, 'exit');
      running.kill('SIGINT');
      await ended;
    }
  }

  it('backs up while it runs, refuses to restore beside it, and restores when it is stopped', async () => {
    const yesterday = join(folder, 'yesterday');
    const url = await start('data');
    const token = await login(url);
    const [kept = ''] = await registerPeople(url, token, 1);
    const backedUp = await operate('backup', ['--to', yesterday], environment('data')).ended;
    assert.equal(backedUp.code, 0, backedUp.said);
    const [lost = ''] = await registerPeople(url, token, 1);
    const beside = await operate('restore', ['--from', yesterday, '--replace', '--yes'], environment('data')).ended;
    assert.equal(beside.code, 1, beside.said);
    assert.match(beside.said, /stop all of its processes first/u);
    await stop();
    const asked = await operate('restore', ['--from', yesterday], environment('data')).ended;
    assert.match(asked.said, /This would replace .* say --replace/u);
    const restored = await operate('restore', ['--from', yesterday, '--replace', '--yes'], environment('data')).ended;
    assert.equal(restored.code, 0, restored.said);
    await checkPeople(await start('data'), kept, lost);
    await stop();
    const stopped = await operate('backup', ['--to', join(folder, 'stopped')], environment('data')).ended;
    assert.equal(stopped.code, 0, stopped.said);
    const elsewhere = await operate('restore', ['--from', yesterday], environment('elsewhere')).ended;
    assert.equal(elsewhere.code, 0, elsewhere.said);
    assert.match(elsewhere.said, /MASTER_KEY is not the one/u);
    await checkPeople(await start('elsewhere'), kept, lost);
    assert.doesNotMatch(said, /First admin/u);
  });

  async function checkPeople(url: string, kept: string, lost: string): Promise<void> {
    const token = await login(url);
    const statusOf = async (id: string): Promise<number> =>
      (await call(url, 'GET', `/api/users/${id}`, { token })).status;
    assert.deepEqual([await statusOf(kept), await statusOf(lost)], [200, 404]);
  }
});
