// Restate: its server with four partitions, and a process with the handler. Installed once into the user's cache. Called by
// main.ts.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment } from '#config/env.ts';
import { defaultCacheDir } from '#src/platform/embedded/cache.ts';
import { freePort } from '#src/platform/embedded/child.ts';
import { end } from '../../test/support/processes.ts';
import { say } from '../figures.ts';
import { send } from '../pipeline/load.ts';
import { instances, nameOf, type Variant } from './variant.ts';

/** Its SDK needs a later Node than the product does: npm's `node` package brings it. */
const packages = {
  node: '22.23.3',
  '@restatedev/restate-server': '1.7.12',
  '@restatedev/restate-sdk': '1.17.2',
} as const;

const readyMs = 30_000;

/** Where the packages are. Installs them once. @throws Error where npm cannot */
async function install(): Promise<string> {
  const folder = join(defaultCacheDir(), 'bench-machines');
  const wanted = JSON.stringify({ private: true, dependencies: packages });
  if ((await readFile(join(folder, 'installed.json'), 'utf8').catch(() => '')) !== wanted) {
    say('Installing Restate once (npm, about 410 MB)');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), wanted);
    await promisify(execFile)('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund'], {
      cwd: folder,
      env: childEnvironment({ npm_config_engine_strict: 'false' }),
    });
    if (!existsSync(binaryIn(folder))) {
      throw new Error(`there is no Restate for ${process.platform} ${process.arch}`);
    }
    await writeFile(join(folder, 'installed.json'), wanted);
  }
  return folder;
}

const binaryIn = (folder: string): string =>
  join(folder, `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);

interface Ports {
  readonly ingress: number;
  readonly admin: number;
  readonly fabric: number;
  readonly handler: number;
}

/** Starts it, or says in a sentence why not. */
export async function startRestate(): Promise<Variant | string> {
  const children: ChildProcess[] = [];
  const data = await mkdtemp(join(tmpdir(), 'bench-restate-'));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(async (child) => await end(child)));
    await rm(data, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const folder = await install();
    const ports = {
      ingress: await freePort(),
      admin: await freePort(),
      fabric: await freePort(),
      handler: await freePort(),
    };
    const service = startHandler(folder, ports);
    children.push(service);
    await once(service, 'message', { signal: AbortSignal.timeout(readyMs) });
    const server = startServer(folder, data, ports);
    children.push(server);
    const url = `http://127.0.0.1:${String(ports.ingress)}`;
    const handler = { uri: `http://127.0.0.1:${String(ports.handler)}` };
    await untilDone(`http://127.0.0.1:${String(ports.admin)}`, '/deployments', handler);
    // The first calls come before its partitions are ready.
    await untilDone(url, `/turnstile/${nameOf(0)}/read`);
    return variantAt(url, { server: [server.pid ?? 0], handler: [service.pid ?? 0] }, stop);
  } catch (error) {
    await stop();
    return `Restate could not be had, so it is left out: ${String(error)}`;
  }
}

function startHandler(folder: string, { handler }: Ports): ChildProcess {
  const script = join(import.meta.dirname, 'restate-service.ts');
  return spawn(
    join(folder, 'node_modules/node/bin/node'),
    ['--disable-warning=ExperimentalWarning', script, folder, String(handler)],
    {
      env: childEnvironment({ RESTATE_LOGGING: 'ERROR', NODE_ENV: 'production' }),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
}

function startServer(folder: string, data: string, { ingress, admin, fabric }: Ports): ChildProcess {
  return spawn(binaryIn(folder), ['--no-logo', '--listen-mode=tcp'], {
    cwd: data,
    env: childEnvironment({
      RESTATE_BASE_DIR: data,
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(fabric),
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
      RESTATE_DEFAULT_NUM_PARTITIONS: '4',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
    }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function variantAt(url: string, groups: Variant['groups'], stop: () => Promise<void>): Variant {
  const ask = async (instance: number, handler: string): Promise<{ status: number; text: string }> =>
    await send(url, `/turnstile/${nameOf(instance)}/${handler}`, undefined, null);
  return {
    name: `Restate ${packages['@restatedev/restate-server']}`,
    groups,
    send: async (instance) => (await ask(instance, 'turn')).status === 200,
    check: async (accepted) => {
      let steps = 0;
      for (let instance = 0; instance < instances; instance += 1) {
        steps += (JSON.parse((await ask(instance, 'read')).text) as { seq: number }).seq;
      }
      return `${String(accepted)} events accepted, steps ${String(steps)}`;
    },
    stop,
  };
}

/** Asks until the answer is a yes. */
async function untilDone(url: string, path: string, body: unknown = null): Promise<void> {
  for (const since = Date.now(); ;) {
    const { status, text } = await send(url, path, undefined, body).catch(() => ({ status: 0, text: '' }));
    if (status === 200 || status === 201) {
      return;
    }
    if (Date.now() - since > readyMs) {
      throw new Error(`${path} is not answered: ${String(status)} ${text}`);
    }
    await delay(200);
  }
}
