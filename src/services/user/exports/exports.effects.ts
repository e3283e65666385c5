// Writes exports: a ZIP of one NDJSON file for each part of what is kept about a person. Performed by the owner of an
// effects shard; again from the beginning where it was cut off, since a part may have changed meanwhile.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Zip, ZipDeflate } from 'fflate';
import { z } from 'zod';
import { privacyTimes } from '#config/privacy.ts';
import { put } from '#src/platform/commands/command.ts';
import { defineEffect } from '#src/platform/effects/effect.ts';
import { definePersonalData, personalData, type PersonalData } from '#src/platform/personal/personal.ts';
import { exportFiles, UserExports, type UserExport } from './exports.model.ts';
import { makeInput, type Made, type MakeInput } from './exports.schema.ts';

/** The kinds of the effects of exports. */
export const makeExportKind = 'user.export.make';
export const expireExportKind = 'user.export.expire';

const encoder = new TextEncoder();

/** Bytes on their way into GridFS: counted, digested, and never more in memory than one row and a chunk. */
class Archive {
  readonly #file: ReturnType<ReturnType<typeof exportFiles>['openUploadStreamWithId']>;
  readonly #digest = createHash('sha256');
  readonly #zip: Zip;
  #bytes = 0;
  #full = false;
  #failed: Error | null = null;

  constructor(exportId: string) {
    this.#file = exportFiles().openUploadStreamWithId(exportId as never, `${exportId}.zip`);
    this.#file.on('error', (error: Error) => (this.#failed = error));
    this.#zip = new Zip((error, chunk) => {
      if (error) {
        this.#failed = error;
        return;
      }
      this.#digest.update(chunk);
      this.#bytes += chunk.length;
      this.#full = !this.#file.write(chunk) || this.#full;
    });
  }

  /** Adds one file, line by line. */
  async add(name: string, lines: AsyncIterable<string> | Iterable<string>, signal: AbortSignal): Promise<void> {
    const entry = new ZipDeflate(name, { level: 6 });
    this.#zip.add(entry);
    for await (const line of lines) {
      entry.push(encoder.encode(`${line}\n`));
      await this.#settle(signal);
    }
    entry.push(new Uint8Array(0), true);
    await this.#settle(signal);
  }

  async #settle(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#failed) {
      throw this.#failed;
    }
    if (this.#full) {
      this.#full = false;
      await once(this.#file, 'drain', { signal });
    }
  }

  /** Writes the end, and says how much it came to. */
  async close(signal: AbortSignal): Promise<Pick<Made, 'bytes' | 'sha256'>> {
    const finished = once(this.#file, 'finish', { signal });
    this.#zip.end();
    this.#file.end();
    await finished;
    return { bytes: this.#bytes, sha256: this.#digest.digest('hex') };
  }

  /** Removes what was written so far. */
  async abandon(): Promise<void> {
    this.#zip.terminate();
    await this.#file.abort().catch(() => undefined);
  }
}

async function removeFile(exportId: string): Promise<void> {
  const files = exportFiles();
  const [found] = await files.find({ _id: exportId as never }, { limit: 1 }).toArray();
  if (found) {
    await files.delete(exportId as never);
  }
}

function* readMe(parts: readonly PersonalData[]): Iterable<string> {
  yield 'What this community keeps about you: one file for each part, one JSON object a line.';
  yield '';
  for (const { name, keeps } of parts) {
    yield `${name}.ndjson${keeps === undefined ? '' : `  (stays when you leave: ${keeps})`}`;
  }
}

async function* ndjson(rows: AsyncIterable<unknown>): AsyncIterable<string> {
  for await (const row of rows) {
    yield JSON.stringify(row);
  }
}

async function write(
  parts: readonly PersonalData[],
  { userId, exportId }: MakeInput,
  signal: AbortSignal,
): Promise<Made> {
  // What an attempt before this one has left.
  await removeFile(exportId);
  const archive = new Archive(exportId);
  try {
    await archive.add('READ-ME.txt', readMe(parts), signal);
    for (const [index, part] of parts.entries()) {
      await archive.add(`${part.name}.ndjson`, ndjson(part.rows(userId)), signal);
      await UserExports.native().updateOne({ _id: exportId }, { $set: { partsDone: index + 1 }, $inc: { rev: 1 } });
    }
    return { ...(await archive.close(signal)), parts: parts.length };
  } catch (error) {
    await archive.abandon();
    throw error;
  }
}

/** Writes an export. */
export const makeExport = defineEffect<MakeInput, Made>({
  kind: makeExportKind,
  pool: 'effects',
  input: makeInput,
  atOnce: 2,
  timeoutMs: privacyTimes.exportMs,
  perform: async (input, { signal }) => await write([...personalData.values()], input, signal),
  settle: (ended, { input: { userId, exportId, createdAt } }, now) => {
    const parts = personalData.size;
    const file =
      ended.state === 'done'
        ? { state: 'ready' as const, ...ended.result, partsDone: parts }
        : { state: 'failed' as const, bytes: null, sha256: null, partsDone: 0, parts };
    const row: UserExport = { _id: exportId, userId, createdAt: new Date(createdAt), doneAt: now, rev: 1_000, ...file };
    const expiry = { kind: expireExportKind, input: { exportId }, cause: `expiry.${exportId}` };
    return {
      writes: [put(UserExports, row)],
      work: [{ ...expiry, notBefore: new Date(now.getTime() + privacyTimes.exportKeptMs) }],
    };
  },
});

/** Removes the file of an export whose time is over. */
export const expireExport = defineEffect<{ exportId: string }, null>({
  kind: expireExportKind,
  pool: 'effects',
  input: z.strictObject({ exportId: z.string().max(64) }),
  timeoutMs: 60_000,
  perform: async ({ exportId }) => {
    await removeFile(exportId);
    const gone = { state: 'expired' as const, bytes: null, sha256: null };
    await UserExports.native().updateOne({ _id: exportId }, { $set: gone, $inc: { rev: 1 } });
    return null;
  },
});

definePersonalData({
  name: 'user/exports',
  rows: (userId) => UserExports.native().find({ userId }, { sort: { _id: 1 } }),
  erase: async (userId) => {
    for await (const { _id } of UserExports.native().find({ userId })) {
      await removeFile(_id);
    }
    await UserExports.native().deleteMany({ userId });
  },
});
