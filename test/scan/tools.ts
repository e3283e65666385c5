// The scanners: pinned, in a cache folder of this user, installed once by pip and npm. Called by main.ts and the
// suites of test/e2e.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { childEnvironment } from '#config/env.ts';
import { defaultCacheDir } from '#src/platform/embedded/cache.ts';

const run = promisify(execFile);
const schemathesis = 'schemathesis==4.32.5';
const packages = { '@stoplight/spectral-cli': '6.16.3', '@stoplight/spectral-owasp-ruleset': '2.0.1' } as const;
const ruleset = { extends: ['spectral:oas', '@stoplight/spectral-owasp-ruleset'] };

/** The programs, and the rules Spectral goes by. */
export interface Tools {
  readonly schemathesis: string;
  readonly spectral: string;
  readonly ruleset: string;
}

/** As `installTools`, for a suite's `before`: without pip or npm the suite is skipped with a sentence. */
export async function toolsOrSkip(suite: Context, say: (line: string) => void): Promise<Tools> {
  try {
    return await installTools(say);
  } catch (error) {
    say(`The scanners cannot be installed here: ${String(error).slice(0, 200)}`);
    suite.skip();
  }
}

/** Where the scanners are. Installs them once. @throws Error where pip or npm cannot */
export async function installTools(say: (line: string) => void): Promise<Tools> {
  const folder = join(defaultCacheDir(), 'scan');
  const tools = {
    schemathesis: join(folder, 'python', 'bin', 'st'),
    spectral: join(folder, 'node_modules', '.bin', 'spectral'),
    ruleset: join(folder, 'spectral.json'),
  };
  const wanted = JSON.stringify({ private: true, dependencies: packages, schemathesis });
  if ((await readFile(join(folder, 'installed.json'), 'utf8').catch(() => '')) === wanted) {
    return tools;
  }
  say('Installing Schemathesis and Spectral once (pip and npm)');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }));
  await writeFile(tools.ruleset, JSON.stringify(ruleset));
  const env = childEnvironment({});
  const python = async (): Promise<void> => {
    await run('python3', ['-m', 'venv', join(folder, 'python')], { env });
    await run(join(folder, 'python', 'bin', 'pip'), ['install', '--quiet', schemathesis], { env });
  };
  const node = async (): Promise<void> => {
    await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      env,
    });
  };
  await Promise.all([python(), node()]);
  await writeFile(join(folder, 'installed.json'), wanted);
  return tools;
}
