// `npm start` run for real, with stand-ins for the product's own processes: what it prints, keeps, refuses and ends.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { mongo } from 'mongoose';
import { freePort } from '#src/platform/embedded/child.ts';
import { commandLine } from '#src/platform/embedded/processes.ts';
import { testFolder } from '../../support/servers.ts';

const script = fileURLToPath(new URL('../../support/stand-in-start.ts', import.meta.url));

interface Start {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly code: Promise<number | null>;
  /** Resolves when the text was printed; rejects when the process ends without it. */
  printed(text: string): Promise<void>;
}

describe('npm start', () => {
  let dataDir = '';
  let port = 0;
  const starts: Start[] = [];

  const start = (behaviour = 'serve'): Start => {
    const unset = {
      MONGO_URL: '',
      REDIS_URL: '',
      MASTER_KEY: '',
      BOOTSTRAP_ADMIN_EMAIL: '',
      BOOTSTRAP_ADMIN_PASSWORD: '',
    };
    const child = spawn(process.execPath, ['--import', 'tsx', script, behaviour], {
      env: { ...process.env, ...unset, DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'fatal' },
      // With a channel it ends in order when this test is killed.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own, so that a signal can be sent to all of it, as a terminal does.
      detached: true,
    });
    let text = '';
    const code = new Promise<number | null>((resolve) => child.once('close', resolve));
    const { stdout, stderr } = child;
    assert.ok(stdout && stderr);
    for (const stream of [stdout, stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    }
    const printed = async (wanted: string): Promise<void> =>
      await new Promise<void>((resolve, reject) => {
        const look = (): void => (text.includes(wanted) ? resolve() : undefined);
        stdout.on('data', look);
        void code.then(() =>
          text.includes(wanted) ? resolve() : reject(new Error(`Not printed: ${wanted}\n${text}`)),
        );
        look();
      });
    const started = { process: child, output: () => text, code, printed };
    starts.push(started);
    return started;
  };
  const interrupt = (started: Start): void => void process.kill(-(started.process.pid ?? 0), 'SIGINT');
  const serverPid = async (name: string): Promise<number> =>
    Number(await readFile(join(dataDir, name, 'server.pid'), 'utf8'));
  const mongoUrl = async (): Promise<string> =>
    ((await (await fetch(`http://127.0.0.1:${String(port)}/`)).json()) as { mongoUrl: string }).mongoUrl;
  const things = async <T>(use: (collection: mongo.Collection) => Promise<T>): Promise<T> => {
    const client = new mongo.MongoClient(await mongoUrl());
    try {
      return await use(client.db().collection('things'));
    } finally {
      await client.close();
    }
  };

  before(async () => {
    dataDir = await testFolder();
    port = await freePort();
  });
  after(async () => {
    for (const { process: child, code } of starts) {
      child.kill('SIGTERM');
      await code;
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  it('of two at once one serves and the other says who runs, then Ctrl-C ends all in order', async () => {
    const pair = [start(), start()];
    const loser = await Promise.race(pair.map(async (one) => (await one.code, one)));
    assert.match(loser.output(), /already runs on .*: stop it first, or set DATA_DIR and PORT/u);
    const winner = pair.find((one) => one !== loser);
    assert.ok(winner);
    await winner.printed('Ctrl-C stops everything');
    assert.match(winner.output(), /First admin +admin@localhost\.test\n +Password +[a-z2-9]{24}\n/u);
    assert.equal((await stat(join(dataDir, 'master.key'))).mode & 0o777, 0o600);
    await things(async (collection) => await collection.insertOne({ name: 'kept' }));
    const pids = [await serverPid('mongod'), await serverPid('valkey')];
    interrupt(winner);
    assert.equal(await winner.code, 0);
    assert.match(winner.output(), /serve ends[^]*wait ends[^]*Stopping Valkey[^]*Stopping MongoDB[^]*Stopped\n$/u);
    assert.deepEqual(await Promise.all(pids.map(commandLine)), ['', '']);
  });

  it('finds its data again, shows no password, and starts a server that was killed on the same files', async () => {
    const second = start();
    await second.printed('Ctrl-C stops everything');
    assert.ok(!second.output().includes('Password'));
    process.kill(await serverPid('mongod'), 'SIGKILL');
    await second.printed('MongoDB is back');
    assert.equal(await things(async (collection) => await collection.countDocuments({ name: 'kept' })), 1);
  });

  it('takes over the servers of a supervisor that was killed, whose children end by themselves', async () => {
    const killed = starts.at(-1);
    assert.ok(killed);
    const pids = [await serverPid('mongod'), await serverPid('valkey')];
    killed.process.kill('SIGKILL');
    // Its output is closed only when its children, who share it, are gone too.
    await killed.code;
    const next = start();
    await next.printed('Ctrl-C stops everything');
    assert.deepEqual(await Promise.all(pids.map(commandLine)), ['', '']);
    assert.equal(await things(async (collection) => await collection.countDocuments({ name: 'kept' })), 1);
    next.process.kill('SIGTERM');
    assert.equal(await next.code, 0);
  });

  it('gives up with exit code 1 when the API crashes three times', async () => {
    const crashing = start('crash');
    assert.equal(await crashing.code, 1);
    assert.match(crashing.output(), /ended with exit code 3, 3 times within 30 s/u);
    assert.match(crashing.output(), /Stopping MongoDB/u);
  });
});
