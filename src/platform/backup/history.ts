// How long MongoDB keeps the past while a backup reads it. The product's MongoDB keeps none (it costs every commit), so
// a backup makes the window longer at run time and takes that away again, also when it is killed. Called by dump.ts.
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
  /** Takes away what was added to the window. */
  end(): Promise<void>;
}

async function readWindow(admin: mongo.Db): Promise<number> {
  return Number((await admin.command({ getParameter: 1, [parameter]: 1 }))[parameter]);
}

/**
 * Makes the window longer, or shorter, by so much. It belongs to the whole server, whose other systems may have raised it for
 * backups of theirs: what they need stays. The server knows no way to add at once, so two who do it within the same few
 * milliseconds may lose the one's part: what is left in the end is said.
 */
async function addToWindow(admin: mongo.Db, seconds: number): Promise<void> {
  if (seconds !== 0) {
    await admin.command({ setParameter: 1, [parameter]: Math.max((await readWindow(admin)) + seconds, 0) });
  }
}

/** What of the window is this database's by now: what a backup left that died together with its guard. */
async function inherited(admin: mongo.Db): Promise<number> {
  const left = await Meta.native().findOne({ _id: backupLock });
  return Math.min(left?.added ?? 0, await readWindow(admin));
}

/** Writes down what of the window is this database's. False where somebody else has the lock, and with it the window. */
async function note(holder: string, added: number): Promise<boolean> {
  const { matchedCount } = await Meta.native().updateOne({ _id: backupLock, holder }, { $set: { added } });
  return matchedCount === 1;
}

/** Takes from the window what is this database's, unless another backup has taken the lock over, and that with it. */
export async function takeAway(admin: mongo.Db, holder: string): Promise<void> {
  const lock = await Meta.native().findOne({ _id: backupLock, holder });
  await addToWindow(admin, -(lock?.added ?? 0));
  await note(holder, 0);
  const seconds = await readWindow(admin);
  if (seconds > 0) {
    log.info(
      { seconds },
      `MongoDB's ${parameter} stays above 0: it was set so, or a backup of another system is under way`,
    );
  }
}

/**
 * Lets MongoDB keep the past from now on, growing with the time a backup takes. `holder` has the lock of backups. Where
 * the user may not set parameters, what the server keeps must do; it is said.
 */
export async function keepHistory(admin: mongo.Db, holder: string): Promise<History> {
  const since = Date.now();
  // The guard comes first: from here on somebody makes the window right, whatever happens.
  const guard = startGuard(holder);
  let added = 0;
  const raiseAsNeeded = async (): Promise<void> => {
    const more = Math.max(Math.ceil((Date.now() - since) / 1_000) + marginS - added, 0);
    // Written down before it is done, for whoever finds it raised and nobody there.
    if (await note(holder, added + more)) {
      await addToWindow(admin, more);
      added += more;
    }
  };
  try {
    added = await inherited(admin);
    await raiseAsNeeded();
  } catch (error) {
    guard.release();
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
      await takeAway(admin, holder);
      guard.release();
    },
  };
}

interface Guard {
  release(): void;
}

/** A process that takes the window back when this one ends without having done so; it notices by its closed input. */
function startGuard(holder: string): Guard {
  const script = scriptBeside(import.meta.url, './history-guard');
  const child = spawn(process.execPath, [...nodeArguments(script), holder], {
    env: childEnvironment({ MONGO_URL: config.mongoUrl ?? '' }),
    stdio: ['pipe', 'ignore', 'ignore'],
    // A Ctrl-C or a kill of the whole group must not take the guard with it.
    detached: true,
  });
  child.on('error', (error) => log.warn({ reason: error.message }, 'Nobody will take the window of the past back'));
  child.stdin.on('error', () => undefined);
  child.unref();
  return { release: () => void child.stdin.end('done') };
}
