// The life of a process: boot with plain refusals, readiness told to a supervisor, one ordered stop.
// Called by the roots (src/main.ts, workers/main.ts).
import { config } from '#config/env.ts';
import { logFor } from './log.ts';
import { BootRefusal } from './mongo/connect.ts';

const log = logFor('process');
/** A stop that takes longer than this is ended; what was taken is then taken over by others. */
const stopLimitMs = config.drainMs + 12_000;

/** A started process: where it can be reached, and how it stops. */
export interface Running {
  readonly urls: readonly { readonly name: string; readonly url: string }[];
  stop(): Promise<void>;
}

/** Runs `start` and keeps the process until a signal, or until the supervisor is gone. */
export async function runProcess(name: string, start: () => Promise<Running>): Promise<void> {
  let running: Running | undefined;
  let stopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) {
      return;
    }
    stopping = true;
    log.info({ reason }, `${name} stops`);
    setTimeout(() => process.exit(1), stopLimitMs).unref();
    await running?.stop();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  // A terminal's Ctrl-C reaches the whole group: under a supervisor its SIGTERM, in the right order, is what counts.
  process.on('SIGINT', () => (process.connected ? undefined : void stop('SIGINT')));
  // Under a supervisor: when it is gone, nobody else would stop this process.
  process.on('disconnect', () => void stop('the supervisor is gone'));
  process.on('unhandledRejection', (error) => {
    log.fatal({ err: error }, 'An error was handled by nobody; the process ends');
    process.exit(1);
  });
  try {
    running = await start();
  } catch (error) {
    if (error instanceof BootRefusal) {
      process.stderr.write(`${error.message}\n`);
      process.exit(78);
    }
    log.fatal({ err: error }, `${name} could not start`);
    process.exit(1);
  }
  process.send?.({ type: 'ready', urls: running.urls });
  log.info({ urls: running.urls.map(({ url }) => url).join(' ') }, `${name} is ready`);
}
