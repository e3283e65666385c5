// How long MongoDB keeps the past while a backup reads it. The product's MongoDB keeps none (it costs every commit), so
// a backup raises the window at run time and puts it back, also when the backup is killed. Called by dump.ts.
import { spawn } from 'node:child_process';
import type { mongo } from 'mongoose';
import { childEnvironment, config } from '#config/env.ts';
import { nodeArguments, scriptBeside } from '../embedded/scripts.ts';
import { logFor } from '../log.ts';
import { Meta } from '../mongo/meta.ts';
import { backupLock } from './one-at-a-time.ts';

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

async function readWindow(admin: mongo.Db): Promise<number> {
  return Number((await admin.command({ getParameter: 1, [parameter]: 1 }))[parameter]);
}

async function setWindow(admin: mongo.Db, seconds: number): Promise<void> {
  await admin.command({ setParameter: 1, [parameter]: seconds });
}

/**
 * What is to be put back afterwards: the window as it is, or, where a backup died together with its guard and left the
 * window raised, what that one found.
 */
async function windowBefore(admin: mongo.Db): Promise<number> {
  const now = await readWindow(admin);
  const left = await Meta.native().findOne({ _id: backupLock });
  const { before = now, raised = now } = left ?? {};
  return now > before && now <= raised ? before : now;
}

/** Raises the window; what it was is written down first, for whoever finds it raised and nobody there. */
async function raise(admin: mongo.Db, holder: string, before: number, seconds: number): Promise<void> {
  await Meta.native().updateOne({ _id: backupLock, holder }, { $set: { before, raised: seconds } });
  await setWindow(admin, seconds);
}

/** Puts the window back, unless another backup has taken the lock over: it knows what to put back, and needs the window. */
export async function putBack(admin: mongo.Db, holder: string, before: number): Promise<void> {
  const lock = await Meta.native().findOne({ _id: backupLock });
  if (!lock || lock.holder === holder) {
    await setWindow(admin, before);
  }
}

/**
 * Lets MongoDB keep the past from now on, growing with the time a backup takes. `holder` has the lock of backups. Where
 * the user may not set parameters, what the server keeps must do; it is said.
 */
export async function keepHistory(admin: mongo.Db, holder: string): Promise<History> {
  const since = Date.now();
  const wanted = (): number => Math.ceil((Date.now() - since) / 1_000) + marginS;
  let guard: Guard | undefined;
  let before: number;
  const raiseAsNeeded = async (): Promise<void> => {
    if (wanted() > before) {
      // The guard comes first: from here on somebody puts the window back, whatever happens.
      guard ??= startGuard(before, holder);
      await raise(admin, holder, before, wanted());
    }
  };
  try {
    before = await windowBefore(admin);
    await raiseAsNeeded();
  } catch (error) {
    log.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      `MongoDB's ${parameter} may not be read and set by this user: the backup has as long as the server keeps the past`,
    );
    return { end: async () => await Promise.resolve() };
  }
  const timer = setInterval(
    () => void raiseAsNeeded().catch(() => log.warn('The window of the past was not raised')),
    renewMs,
  );
  return {
    end: async () => {
      clearInterval(timer);
      if (guard) {
        await putBack(admin, holder, before);
        guard.release();
      }
    },
  };
}

interface Guard {
  release(): void;
}

/** A process that puts the window back when this one ends without having done so; it notices by its closed input. */
function startGuard(before: number, holder: string): Guard {
  const script = scriptBeside(import.meta.url, './history-guard');
  const child = spawn(process.execPath, [...nodeArguments(script), String(before), holder], {
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
