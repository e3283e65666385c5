// Streams of BSON documents in gzipped files, in both directions and with little memory. Called by dump.ts, verify.ts and
// restore.ts.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

/** No BSON document is smaller or larger. */
const smallest = 5;
const largest = 64 * 1024 * 1024;
/** Documents are handed to the compressor in pieces of about this size. */
const pieceBytes = 256 * 1024;

/** What came of writing or reading a file. */
export interface FileFigures {
  readonly documents: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes documents (raw BSON) into a gzipped file that is on the disk when this resolves. */
export async function writeFrames(path: string, documents: AsyncIterable<Uint8Array>): Promise<FileFigures> {
  const hash = createHash('sha256');
  let count = 0;
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const pieces = async function* (): AsyncGenerator<Buffer> {
    let piece: Uint8Array[] = [];
    let size = 0;
    for await (const document of documents) {
      count += 1;
      piece.push(document);
      size += document.length;
      if (size >= pieceBytes) {
        yield Buffer.concat(piece);
        piece = [];
        size = 0;
      }
    }
    yield Buffer.concat(piece);
  };
  await pipeline(
    Readable.from(pieces(), { objectMode: false }),
    createGzip({ level: 3 }),
    measured,
    createWriteStream(path, { mode: 0o600, flags: 'wx' }),
  );
  await flush(path);
  return { documents: count, bytes, sha256: hash.digest('hex') };
}

/** Waits until a file or a folder's list of files is on the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file document by document and returns what was read; `see` may be slow, reading waits for it.
 * @throws Error where the file is cut short, is no gzip, or holds what is no document
 */
export async function readFrames(path: string, see: (document: Buffer) => Promise<void> | void): Promise<FileFigures> {
  const hash = createHash('sha256');
  let bytes = 0;
  let documents = 0;
  const measured = new PassThrough();
  measured.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  await pipeline(createReadStream(path), measured, createGunzip(), async (chunks) => {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (let size = sizeAt(rest, at); size !== null && rest.length - at >= size; size = sizeAt(rest, at)) {
        documents += 1;
        const seen = see(rest.subarray(at, at + size));
        if (seen) {
          await seen;
        }
        at += size;
      }
      rest = rest.subarray(at);
    }
    if (rest.length > 0) {
      throw new Error('it ends in the middle of a document');
    }
  });
  return { documents, bytes, sha256: hash.digest('hex') };
}

function sizeAt(buffer: Buffer, at: number): number | null {
  if (buffer.length - at < 4) {
    return null;
  }
  const size = buffer.readInt32LE(at);
  if (size < smallest || size > largest) {
    throw new Error('it holds something that is no document');
  }
  return size;
}
