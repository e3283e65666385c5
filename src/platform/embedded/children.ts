// Keeps Node children and database servers running: starts them again after a crash, gives up when that is no use,
// and ends them on request. Called by supervisor.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { childEnvironment } from '#config/env.ts';
import { type EmbeddedServer, type Report, settledWithin } from './child.ts';
import { nodeArguments } from './scripts.ts';

/** One Node process of the product. */
export interface ChildSpec {
  /** For the lines the operator reads, such as `API`. */
  readonly title: string;
  /** Absolute path of the script. */
  readonly script: string;
  readonly args: readonly string[];
  /** Three crashes within 30 s end everything; otherwise it is started again for ever. */
  readonly essential: boolean;
  /** How long it may take to end after SIGTERM. */
  readonly stopLimitMs: number;
}

/** Where something is served, as a child announces it. */
export interface ServedUrl {
  readonly name: string;
  readonly url: string;
}

/** Something that is kept running until it is stopped. */
export interface Kept {
  /** Ends it in order, by force after its limit; resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it by SIGKILL, now. */
  kill(): void;
}

/** A kept Node child. */
export interface KeptChild extends Kept {
  /** Resolves with its URLs when it first serves. */
  readonly ready: Promise<readonly ServedUrl[]>;
}

const readySchema = z.object({
  type: z.literal('ready'),
  urls: z.array(z.object({ name: z.string(), url: z.string() })),
});

const CRASH_WINDOW_MS = 30_000;
const CRASHES_TO_GIVE_UP = 3;
const LONGEST_WAIT_MS = 15_000;

interface Launched {
  readonly child: ChildProcess;
  /** Resolves with how it ended, in words. */
  readonly ended: Promise<string>;
}

function launch(
  spec: ChildSpec,
  environment: Record<string, string>,
  onReady: (urls: readonly ServedUrl[]) => void,
): Launched {
  const child = spawn(process.execPath, [...nodeArguments(spec.script), ...spec.args], {
    env: childEnvironment(environment),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (message) => {
    const parsed = readySchema.safeParse(message);
    if (parsed.success) {
      onReady(parsed.data.urls);
    }
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${error.message})`));
    child.once('exit', (code, signal) =>
      resolve(code === null ? `was ended by ${String(signal)}` : `ended with exit code ${String(code)}`),
    );
  });
  return { child, ended };
}

/** Starts a Node child and starts it again, with growing pauses, whenever it ends by itself. */
export function keepChild(
  spec: ChildSpec,
  environment: Record<string, string>,
  report: Report,
  giveUp: (reason: string) => void,
): KeptChild {
  const crashes: number[] = [];
  const stopping = new AbortController();
  let announce: (urls: readonly ServedUrl[]) => void = () => undefined;
  const ready = new Promise<readonly ServedUrl[]>((resolve) => {
    announce = resolve;
  });
  const start = (): Launched => {
    const started = launch(spec, environment, announce);
    void started.ended.then(crashed);
    return started;
  };
  const crashed = async (how: string): Promise<void> => {
    if (stopping.signal.aborted) {
      return;
    }
    crashes.push(Date.now());
    const recent = crashes.filter((at) => Date.now() - at < CRASH_WINDOW_MS).length;
    if (spec.essential && recent >= CRASHES_TO_GIVE_UP) {
      giveUp(`The ${spec.title} process ${how}, ${String(recent)} times within 30 s: see what it logged above`);
      return;
    }
    const pauseMs = Math.min(LONGEST_WAIT_MS, 250 * 2 ** recent);
    report(`The ${spec.title} process ${how}: starting it again in ${String(pauseMs / 1000)} s`);
    await wait(pauseMs, undefined, { signal: stopping.signal }).then(
      () => {
        now = start();
      },
      () => undefined,
    );
  };
  let now = start();
  return {
    ready,
    kill: () => {
      stopping.abort();
      now.child.kill('SIGKILL');
    },
    stop: async () => {
      stopping.abort();
      now.child.kill('SIGTERM');
      if (!(await settledWithin(now.ended, spec.stopLimitMs))) {
        report(`The ${spec.title} process did not end within ${String(spec.stopLimitMs / 1000)} s: ending it by force`);
        now.child.kill('SIGKILL');
        await now.ended;
      }
    },
  };
}

/** Keeps a database server: when it dies it is started again on the same port and files. */
export function keepServer(
  title: string,
  first: EmbeddedServer,
  restart: (port: number) => Promise<EmbeddedServer>,
  report: Report,
  giveUp: (reason: string) => void,
): Kept {
  const stopping = new AbortController();
  let server = first;
  let restarting: Promise<void> = Promise.resolve();

  const again = async (): Promise<void> => {
    for (let attempt = 1; !stopping.signal.aborted; attempt += 1) {
      try {
        server = await restart(server.port);
        report(`${title} is back`);
        watch();
        return;
      } catch (error) {
        if (attempt >= 5) {
          giveUp(`${title} cannot be started again: ${error instanceof Error ? error.message : String(error)}`);
          return;
        }
        await wait(500 * 2 ** attempt, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const watch = (): void => {
    void server.exited.then((code) => {
      if (!stopping.signal.aborted) {
        report(
          `${title} ${code === null ? 'was killed' : `ended with exit code ${String(code)}`}: starting it again on the same files`,
        );
        restarting = again();
      }
    });
  };

  watch();
  return {
    kill: () => {
      stopping.abort();
      server.kill('SIGKILL');
    },
    stop: async () => {
      stopping.abort();
      await restarting;
      await server.stop();
    },
  };
}
