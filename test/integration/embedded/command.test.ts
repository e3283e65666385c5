// A command that joins a running start: it is given the start's servers, and ends with it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { config } from '#config/env.ts';
import { runOnEmbedded } from '#src/platform/embedded/command.ts';
import { commandLine } from '#src/platform/embedded/processes.ts';
import { writeState } from '#src/platform/embedded/server-state.ts';
import { eventually } from '../../support/eventually.ts';
import { testFolder } from '../../support/servers.ts';

/** What joins: notes what it was given, and says by its exit code what ended it. */
const joiner = `
require('node:fs').writeFileSync(process.argv[2], process.env.MONGO_URL + ' ' + process.env.REDIS_URL);
process.on('SIGTERM', () => process.exit(7));
process.on('disconnect', () => process.exit(8));
`;

describe('a command beside a running start', () => {
  let dataDir = '';
  let holder: ChildProcess | undefined;

  before(async () => {
    dataDir = await testFolder();
    await writeFile(join(dataDir, 'joiner.js'), joiner);
  });
  after(async () => {
    holder?.kill('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  });

  const joinStart = async (said: string[]): Promise<number> =>
    await runOnEmbedded({
      config: { ...config, dataDir, mongoUrl: undefined, redisUrl: undefined },
      script: join(dataDir, 'joiner.js'),
      args: [join(dataDir, 'given')],
      on: 'running',
      report: (line) => said.push(line),
    });

  /** A process that holds the DATA_DIR as a start does, with servers that are said to be there. */
  async function claim(): Promise<void> {
    holder = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
    const pid = holder.pid ?? 0;
    await eventually(async () => assert.match(await commandLine(pid), /setInterval/u));
    await writeFile(join(dataDir, 'supervisor.json'), JSON.stringify({ pid, command: await commandLine(pid) }));
    const binary = { path: 'mongod', product: 'mongod', version: '6.0.5', source: 'path' } as const;
    for (const [folder, port] of [['mongod', 4_001] as const, ['valkey', 4_002] as const]) {
      await mkdir(join(dataDir, folder));
      writeState(join(dataDir, folder), { port, binary });
    }
  }

  it('refuses where nothing runs, joins where something does, and ends with it', async () => {
    await assert.rejects(joinStart([]), /Nothing runs on .*: start it with npm start/u);
    await claim();
    const said: string[] = [];
    const code = joinStart(said);
    await eventually(async () => {
      const given = await readFile(join(dataDir, 'given'), 'utf8');
      assert.match(given, /^mongodb:\/\/127\.0\.0\.1:4001\/\S+ redis:\/\/127\.0\.0\.1:4002$/u);
    }, 10_000);
    holder?.kill('SIGKILL');
    assert.equal(await code, 7);
    assert.match(said.join('\n'), /^Nothing runs on .* any more: stopping too$/u);
  });
});
