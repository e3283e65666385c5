// What a process refuses to start on, in a plain sentence, and that many may start on an empty database at once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMongod } from '#src/platform/embedded/binaries.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { eventually } from '../support/eventually.ts';
import { call, startFleet } from '../support/fleet.ts';
import { scriptArguments } from '../support/processes.ts';
import { startTestServers, type TestServers } from '../support/servers.ts';

const root = join(import.meta.dirname, '../..');

/** Runs the API root until it ends. */
async function boot(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, scriptArguments('src/main.ts'), {
    cwd: root,
    env: { ...process.env, ...env },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

describe('a process that starts', function () {
  this.timeout(120_000);
  let servers: TestServers;

  before(async () => {
    servers = await startTestServers({
      valkey: { settings: { maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' } },
    });
  });

  after(async () => {
    await servers.stop();
  });

  it('refuses a Redis that throws keys away', async () => {
    const { code, said } = await boot({
      MONGO_URL: servers.mongoUrl,
      REDIS_URL: servers.redisUrl,
      MASTER_KEY: 'x'.repeat(32),
    });
    assert.equal(code, 78, said);
    assert.match(said, /maxmemory-policy to noeviction/u);
  });

  it('refuses a MongoDB without a replica set', async () => {
    const { path } = await findMongod(() => undefined);
    const folder = await mkdtemp(join(tmpdir(), 'alone-'));
    const port = 20_000 + (process.pid % 10_000);
    const args = [
      '--dbpath',
      folder,
      '--port',
      String(port),
      '--bind_ip',
      '127.0.0.1',
      '--quiet',
      '--unixSocketPrefix',
      folder,
    ];
    const mongod = spawn(path, args, { stdio: 'ignore' });
    try {
      const { code, said } = await boot({
        MONGO_URL: `mongodb://127.0.0.1:${port}/x`,
        REDIS_URL: servers.redisUrl,
        MASTER_KEY: 'x'.repeat(32),
      });
      assert.equal(code, 78, said);
      assert.match(said, /without a replica set/u);
    } finally {
      mongod.kill('SIGKILL');
      await new Promise((resolve) => mongod.once('close', resolve));
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('names every bad variable at once', async () => {
    const { code, said } = await boot({ PORT: 'none', MONGO_URL: 'nowhere', MASTER_KEY: 'short' });
    assert.equal(code, 78);
    for (const name of ['PORT', 'MONGO_URL', 'MASTER_KEY']) {
      assert.match(said, new RegExp(`^  ${name}: `, 'mu'));
    }
  });

  it('may start beside many others on an empty database: one migrates, all serve', async () => {
    const sound = await startTestServers();
    const mongoUrl = withDatabase(sound.mongoUrl, 'crowd');
    const fleet = await startFleet({ servers: { ...sound, mongoUrl }, apis: 3, workers: 3 });
    try {
      await eventually(async () => {
        for (const { url } of fleet.apis) {
          const { body } = await call(url, 'GET', '/api/health');
          assert.equal((body as { status: string }).status, 'healthy', JSON.stringify(body));
        }
      }, 20_000);
    } finally {
      await fleet.stop();
      await sound.stop();
    }
  });
});
