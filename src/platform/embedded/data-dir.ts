// What the supervisor keeps in DATA_DIR itself: the claim of the running start, the master key, and the note that a
// first admin was made. Called by supervisor.ts.
import { hkdfSync, randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { EmbeddedError, readJson, writeJson } from './child.ts';
import { commandLine } from './processes.ts';

const claimSchema = z.object({ pid: z.number().int().positive(), command: z.string() });

/** A taker that died half-way leaves its guard; taking over takes milliseconds. */
const GUARD_STALE_MS = 10_000;

/** True while the process that wrote the claim runs: its pid alone could have been handed on to another program. */
async function holds(claim: z.output<typeof claimSchema> | undefined): Promise<boolean> {
  return (
    claim !== undefined &&
    claim.command !== '' &&
    claim.pid !== process.pid &&
    (await commandLine(claim.pid)) === claim.command
  );
}

/** Runs `take` in one process at a time, so that of two starts that find a dead claim only one replaces it. */
async function guarded<T>(guard: string, take: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      mkdirSync(guard);
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw error;
      }
      const since = statSync(guard, { throwIfNoEntry: false })?.mtimeMs;
      if (since !== undefined && Date.now() - since > GUARD_STALE_MS) {
        rmSync(guard, { recursive: true, force: true });
      } else {
        await wait(20);
      }
    }
  }
  try {
    return await take();
  } finally {
    rmSync(guard, { recursive: true, force: true });
  }
}

const claimFile = (dataDir: string): string => join(dataDir, 'supervisor.json');

/** True while another process runs the servers of a DATA_DIR. */
export async function isClaimed(dataDir: string): Promise<boolean> {
  return await holds(claimSchema.safeParse(readJson(claimFile(dataDir))).data);
}

/**
 * Takes a DATA_DIR, made when absent, for this process alone; returns what gives it back.
 * @throws EmbeddedError while another start runs on it
 */
export async function claimDataDir(dataDir: string): Promise<() => void> {
  const file = claimFile(dataDir);
  const draft = `${file}.${String(process.pid)}`;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new EmbeddedError(
      `The data folder ${dataDir} cannot be written: make it writable, or set DATA_DIR to another one`,
      { cause: error },
    );
  }
  writeFileSync(draft, JSON.stringify({ pid: process.pid, command: await commandLine(process.pid) }));
  try {
    await guarded(`${file}.guard`, async () => {
      const claim = claimSchema.safeParse(readJson(file)).data;
      if (await holds(claim)) {
        throw new EmbeddedError(
          `SmartStart Brain already runs on ${dataDir} (process ${String(claim?.pid)}): stop it first, or set DATA_DIR and PORT to start another one`,
        );
      }
      rmSync(file, { force: true });
      linkSync(draft, file);
    });
  } finally {
    rmSync(draft, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** The master key of a DATA_DIR: 32 random bytes in base64url, made once, readable by this user only. */
export function masterKeyIn(dataDir: string): string {
  const file = join(dataDir, 'master.key');
  if (!existsSync(file)) {
    const draft = `${file}.tmp`;
    writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
    // A link appears whole or not at all, and never replaces a key that is there.
    linkSync(draft, file);
    rmSync(draft);
  }
  const key = readFileSync(file, 'utf8').trim();
  if (key.length < 32) {
    throw new EmbeddedError(
      `The master key in ${file} is damaged: put the saved one back, for without it nothing that was encrypted with it can be read`,
    );
  }
  return key;
}

/** Beside the database's files, so that whoever removes those is given a first admin again. */
const adminNote = (dataDir: string): string => join(dataDir, 'mongod', 'first-admin.json');

/** True once a first admin was made and shown for this DATA_DIR. */
export const firstAdminMade = (dataDir: string): boolean => existsSync(adminNote(dataDir));

/** Notes that the first admin was made, without its password. */
export function noteFirstAdmin(dataDir: string, email: string): void {
  writeJson(adminNote(dataDir), { email, madeAt: new Date().toISOString() });
}

/** 32 characters that are not mistaken for one another: five bits each. */
const PASSWORD_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/**
 * The password of the first admin: 24 characters, 120 bits. It comes from the master key, so that a start that was
 * killed between making the admin and showing the password shows the right one the next time, though it is stored
 * nowhere.
 */
export function firstAdminPassword(masterKey: string): string {
  const bytes = new Uint8Array(hkdfSync('sha256', masterKey, '', 'first admin password', 24));
  return Array.from(bytes, (byte) => PASSWORD_LETTERS.charAt(byte % PASSWORD_LETTERS.length)).join('');
}
