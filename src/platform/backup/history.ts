// How long MongoDB keeps the past while a backup reads it. The product's MongoDB keeps none (it costs every commit), so
// a backup raises the window at run time and puts it back, also when the backup is killed. Called by dump.ts.
import { spawn } from 'node:child_process';
import type { mongo } from 'mongoose';
import { childEnvironment, config } from '#config/env.ts';
import { nodeArguments, scriptBeside } from '../embedded/scripts.ts';
import { logFor } from '../log.ts';

const log = logFor('backup');
const parameter = 'minSnapshotHistoryWindowInSeconds';

/** Seconds beyond the age of the snapshot that are kept at least; a backup that stands still longer fails clearly. */
const marginS = 300;
const renewMs = 60_000;

/** MongoDB keeps the past since `keepHistory` was called, until `end`. */
export interface History {
  /** Puts the window back. */
  end(): Promise<void>;
}

/** Reads the window in seconds. */
export async function historyWindow(admin: mongo.Db): Promise<number> {
  return Number((await admin.command({ getParameter: 1, [parameter]: 1 }))[parameter]);
}

/** Sets the window in seconds. */
export async function setHistoryWindow(admin: mongo.Db, seconds: number): Promise<void> {
  await admin.command({ setParameter: 1, [parameter]: seconds });
}

/**
 * Lets MongoDB keep the past from now on, growing with the time a backup takes. Where the user may not set parameters,
 * what the server keeps must do; it is said.
 */
export async function keepHistory(admin: mongo.Db): Promise<History> {
  const since = Date.now();
  const wanted = (): number => Math.ceil((Date.now() - since) / 1_000) + marginS;
  let before: number;
  try {
    before = await historyWindow(admin);
    if (before < wanted()) {
      // The guard comes first: from here on somebody puts the window back, whatever happens.
      const guard = startGuard(before);
      await setHistoryWindow(admin, wanted());
      return keepUp(admin, before, wanted, guard);
    }
  } catch (error) {
    log.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      `MongoDB's ${parameter} may not be read and set by this user: the backup has as long as the server keeps the past`,
    );
    return { end: async () => await Promise.resolve() };
  }
  return keepUp(admin, before, wanted, undefined);
}

function keepUp(admin: mongo.Db, before: number, wanted: () => number, first: Guard | undefined): History {
  let guard = first;
  const renew = async (): Promise<void> => {
    if (wanted() > before) {
      guard ??= startGuard(before);
      await setHistoryWindow(admin, wanted());
    }
  };
  const timer = setInterval(() => void renew().catch(() => log.warn('The window of the past was not raised')), renewMs);
  return {
    end: async () => {
      clearInterval(timer);
      if (guard) {
        await setHistoryWindow(admin, before);
        guard.release();
      }
    },
  };
}

interface Guard {
  release(): void;
}

/** A process that puts the window back when this one ends without having done so; it notices by its closed input. */
function startGuard(before: number): Guard {
  const script = scriptBeside(import.meta.url, './history-guard');
  const child = spawn(process.execPath, [...nodeArguments(script), String(before)], {
    env: childEnvironment({ MONGO_URL: config.mongoUrl ?? '' }),
    stdio: ['pipe', 'ignore', 'ignore'],
    // A Ctrl-C or a kill of the whole group must not take the guard with it.
    detached: true,
  });
  child.on('error', (error) => log.warn({ reason: error.message }, 'Nobody will put the window of the past back'));
  child.stdin.on('error', () => undefined);
  child.unref();
  return { release: () => void child.stdin.end('done') };
}
