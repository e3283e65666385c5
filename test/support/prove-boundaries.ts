// Proves the boundary rules of .oxlintrc.json: plants one violation of each in a copy of the settings and expects the
// linter to find every one, and to leave what is allowed alone. Run by `npm run check`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const uses = (from: string): string => `import { x } from '${from}';\nexport const y = x;\n`;

/** A file that must be refused, by where it stands and what it holds. */
const forbidden: readonly (readonly [file: string, source: string])[] = [
  ['machines/zz.ts', uses('#src/services/user/index.ts')],
  ['machines/zy.ts', uses('#src/platform/ids.ts')],
  ['machines/zx.ts', uses('#config/env.ts')],
  ['machines/zw.ts', "import mongoose from 'mongoose';\nexport const y = mongoose;\n"],
  ['machines/zv.ts', "import type { Model } from 'mongoose';\nexport type Y = Model<unknown>;\n"],
  ['machines/zu.ts', uses('node:fs')],
  ['src/platform/zz.ts', uses('#src/services/user/index.ts')],
  ['src/platform/http/zz.ts', uses('../../services/user/index.ts')],
  ['src/platform/zy.ts', uses('#machines/index.ts')],
  ['src/platform/zx.ts', uses('#workers/index.ts')],
  ['src/services/user/zz.ts', uses('#src/services/gamification/gamification.commands.ts')],
  ['src/services/user/zy.ts', uses('../gamification/gamification.commands.ts')],
  ['src/services/user/zx.ts', "import { Queue } from 'bullmq';\nexport const y = Queue;\n"],
  ['src/services/user/zw.ts', uses('#workers/index.ts')],
  ['src/services/user/zv.ts', "export const y = process.env['A'];\n"],
  [
    'src/services/user/zu.ts',
    "export const y = async (): Promise<unknown> => await import('#src/services/auth/auth.commands.ts');\n",
  ],
  ['src/services/user/zt.ts', uses('ioredis')],
  ['src/services/user/zs.ts', uses('koa')],
  ['src/services/user/zr.ts', uses('socket.io')],
  ['workers/zz.worker.ts', uses('#src/services/user/user.model.ts')],
  ['workers/zy.worker.ts', uses('../src/services/user/user.model.ts')],
  ['workers/zx.worker.ts', uses('mongoose')],
  ['config/zz.ts', uses('#src/services/user/index.ts')],
  ['config/zy.ts', uses('../src/platform/ids.ts')],
  ['src/zz.ts', uses('#workers/index.ts')],
  ['src/zy.ts', uses('./services/user/user.model.ts')],
  ['src/zx.ts', uses('#src/services/user/user.model.ts')],
  ['test/integration/user/zz.test.ts', uses('#src/services/user/user.model.ts')],
];

/** Files that keep the rules: the rules must not be broader than they say. */
const allowed: readonly (readonly [file: string, source: string])[] = [
  ['machines/ok.ts', uses('xstate')],
  ['src/platform/ok.ts', uses('#config/env.ts')],
  ['src/services/user/ok.ts', uses('#src/services/gamification/index.ts')],
  ['src/services/user/ok-events.ts', uses('#src/services/gamification/gamification.events.ts')],
  ['workers/ok.worker.ts', uses('#src/services/user/index.ts')],
  ['src/ok.ts', uses('./services/index.ts')],
  ['test/integration/user/ok.test.ts', uses('#src/services/user/index.ts')],
];

function plant(folder: string): void {
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [file, source] of [...forbidden, ...allowed]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), source);
  }
}

function refusedFiles(folder: string): Set<string> {
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--format', 'unix'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => /no-restricted-imports|no-process-env/u.test(line));
  return new Set(lines.map((line) => line.split(':')[0] ?? ''));
}

const folder = mkdtempSync(join(tmpdir(), 'boundaries-'));
try {
  plant(folder);
  const refused = refusedFiles(folder);
  const missed = forbidden.filter(([file]) => !refused.has(file));
  const wronged = allowed.filter(([file]) => refused.has(file));
  missed.forEach(([file, source]) => console.error(`Missed: ${file} holds ${source.split('\n')[0] ?? ''}`));
  wronged.forEach(([file]) => console.error(`Refused although it is allowed: ${file}`));
  console.log(`${forbidden.length - missed.length} of ${forbidden.length} planted violations found`);
  process.exitCode = missed.length + wronged.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
