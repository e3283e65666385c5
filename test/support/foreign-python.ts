// A Python package from PyPI in an environment of its own, made once in the user's cache: for judges from outside.
// Called by tests that are skipped, with a sentence, where it cannot be had.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'smartstart-brain');

/** The Python interpreter that has this package, or why there is none. */
export async function pythonWith(name: string, version: string): Promise<{ python: string } | { missing: string }> {
  const home = join(cache, `python-${name}-${version}`);
  const python = join(home, 'bin/python');
  if (existsSync(python)) {
    return { python };
  }
  // Made beside its place, so that a half-made one is never found there; its scripts are not used, so it may be moved.
  const made = `${home}.${process.pid}`;
  try {
    await mkdir(cache, { recursive: true });
    await run('python3', ['-m', 'venv', made], { timeout: 60_000 });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`];
    await run(join(made, 'bin/python'), install, { timeout: 90_000 });
    await rename(made, home);
    return { python };
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    return { missing: `${name} ${version} could not be installed from PyPI (${String(error).slice(0, 120)})` };
  }
}

/** Runs a Python program with JSON on its standard input and gives the JSON it prints. */
export async function askPython(python: string, program: string, input: unknown): Promise<unknown> {
  const asked = run(python, ['-c', program], { timeout: 30_000 });
  asked.child.stdin?.end(JSON.stringify(input));
  return JSON.parse((await asked).stdout) as unknown;
}
