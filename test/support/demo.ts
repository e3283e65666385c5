// The demo as a process of its own. Called by test/e2e.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fleetAdmin } from './fleet.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How it ended and what it wrote. */
export interface Played {
  readonly code: number | null;
  readonly text: string;
}

/** `npm run demo` as a person runs it, on these addresses of one fleet. */
export async function demo(apis: readonly { readonly url: string }[], ...options: string[]): Promise<Played> {
  const urls = apis.flatMap(({ url }) => ['--url', url]);
  const admin = ['--email', fleetAdmin.email, '--password', fleetAdmin.password];
  const args = ['--import', 'tsx', join(root, 'src/demo/main.ts'), ...urls, ...admin, ...options];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}
