// docs/walkthrough.md, executed as it is written: every block of commands in one shell, in order, and what it prints held
// against the block of text after it.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mongo } from 'mongoose';
import { freePort } from '#src/platform/embedded/child.ts';
import { isClaimed } from '#src/platform/embedded/data-dir.ts';
import { embeddedDatabase, mongodUrl, withDatabase } from '#src/platform/embedded/mongod.ts';
import { readState } from '#src/platform/embedded/server-state.ts';
import { eventually } from '../support/eventually.ts';
import { insertRows, workRowOf } from '../support/rows.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = 'docs/walkthrough.md';

/** A block of commands, and what the page says they print. */
interface Step {
  readonly line: number;
  readonly commands: string;
  readonly expected: string | undefined;
}

/** The steps of a page; text belongs to the commands right before it. */
function stepsOf(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gmu)].map((found) => ({
    line: markdown.slice(0, found.index).split('\n').length,
    kind: found[1],
    content: found[2] ?? '',
  }));
  return blocks.flatMap(({ line, kind, content }, index) => {
    const next = blocks[index + 1];
    const expected = next?.kind === 'text' ? next.content : undefined;
    return kind === 'sh' ? [{ line, commands: content, expected }] : [];
  });
}

/** Whether a text is as the page says it; `…` stands for anything. */
function isAs(expected: string, printed: string): boolean {
  const parts = expected
    .trimEnd()
    .split('…')
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/gu, String.raw`\$&`));
  return new RegExp(`^${parts.join(String.raw`[\s\S]*?`)}$`, 'u').test(printed.trimEnd());
}

describe('the walk-through', function () {
  this.timeout(180_000);
  let walk: string;
  let shell: ChildProcessWithoutNullStreams | undefined;
  let printed = '';
  let complained = '';

  before(async function () {
    const missing = ['bash', 'curl'].find((program) => spawnSync(program, ['--version']).error);
    if (missing !== undefined) {
      console.log(`      ${missing} is not on this machine, and the page needs it`);
      this.skip();
    }
    walk = await mkdtemp(join(tmpdir(), 'brain-walk-'));
    const own = { WALK: walk, PORT: String(await freePort()), METRICS: String(await freePort()) };
    const unset = { MONGO_URL: '', REDIS_URL: '', MASTER_KEY: '', NODE_ENV: '', LOG_LEVEL: '' };
    // A process group of its own, so that nothing it left in the background stays.
    shell = spawn('bash', [], { cwd: root, env: { ...process.env, ...unset, ...own }, detached: true });
    shell.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    shell.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()));
  });

  after(async () => {
    if (shell?.pid === undefined) {
      return;
    }
    process.kill(-shell.pid, 'SIGTERM');
    await eventually(async () => assert.ok(!(await isClaimed(join(walk, 'data')))), 30_000, 100);
    await rm(walk, { recursive: true, force: true, maxRetries: 3 });
    await rm(`${walk}.sh`, { force: true });
  });

  /** Runs a block as somebody who pastes it, and gives what it printed. */
  async function paste({ line, commands }: Step): Promise<string> {
    // Beside the folder, for the page removes that.
    const file = `${walk}.sh`;
    const end = `end of ${line}:`;
    await writeFile(file, commands);
    printed = '';
    shell?.stdin.write(`. ${file} < /dev/null; printf '\\n%s%s\\n' '${end}' $?\n`);
    const status = await eventually(() => {
      assert.equal(shell?.exitCode, null, complained);
      const found = new RegExp(`\n${end}(\\d+)\n`, 'u').exec(printed);
      assert.ok(found, `${page}:${line} does not end:\n${commands}\nprinted:\n${printed}\n${complained}`);
      return found[1];
    }, 60_000);
    assert.equal(status, '0', `${page}:${line} ends with ${status}:\n${commands}\n${printed}\n${complained}`);
    return printed.slice(0, printed.lastIndexOf(`\n${end}`));
  }

  /** Leaves a row behind that a version accepted which knew one more command, and waits until it has given up. */
  async function leaveUnknownRow(): Promise<void> {
    const port = readState(join(walk, 'data/mongod'))?.port ?? 0;
    const client = await mongo.MongoClient.connect(withDatabase(mongodUrl(port), embeddedDatabase));
    try {
      const row = workRowOf({ kind: 'gamification.quest.complete', key: 'user.somebody', input: { quest: 'first' } });
      await insertRows(client.db(), [row]);
      await eventually(async () => {
        assert.equal(await client.db().collection('dead_letters').countDocuments(), 1);
      }, 20_000);
    } finally {
      await client.close();
    }
  }

  it('does and prints what the page says', async () => {
    const steps = stepsOf(await readFile(join(root, page), 'utf8'));
    for (const [index, step] of steps.entries()) {
      const got = await paste(step);
      assert.ok(
        step.expected === undefined || isAs(step.expected, got),
        `${page}:${step.line} prints otherwise:\n${step.commands}\n${got}\n\nand the page says:\n\n${step.expected}\n${complained}`,
      );
      if (index === 0) {
        await leaveUnknownRow();
      }
    }
    assert.ok(steps.length > 10, `${page} has ${steps.length} steps`);
  });
});
