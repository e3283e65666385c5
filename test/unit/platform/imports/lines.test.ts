// From bytes to lines: the cases of RFC 4180 and of JSON lines, however the bytes are cut on their way.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { limits } from '#config/limits.ts';
import { AppError } from '#src/platform/errors.ts';
import { bytesOf } from '#src/platform/http/upload.ts';
import { readers, type RawLine } from '#src/platform/imports/lines.ts';

type Format = 'text/csv' | 'application/x-ndjson';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function linesOf(format: Format, bytes: string | Buffer, size = 7): Promise<RawLine[]> {
  const lines: RawLine[] = [];
  for await (const line of readers[format]?.(pieces(Buffer.from(bytes as string), size)) ?? []) {
    lines.push(line);
  }
  return lines;
}

const cellsOf = async (bytes: string | Buffer, size?: number): Promise<(readonly string[] | undefined)[]> =>
  (await linesOf('text/csv', bytes, size)).map(({ cells }) => cells);

async function problemOf(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AppError, String(error));
  return `${error.problem.status} ${error.problem.code}`;
}

describe('CSV', () => {
  it('is read as RFC 4180, section 2, shows it', async () => {
    assert.deepEqual(await cellsOf('aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n'), [
      ['aaa', 'bbb', 'ccc'],
      ['zzz', 'yyy', 'xxx'],
    ]);
    assert.deepEqual(await cellsOf('aaa,bbb,ccc\r\nzzz,yyy,xxx'), [
      ['aaa', 'bbb', 'ccc'],
      ['zzz', 'yyy', 'xxx'],
    ]);
    assert.deepEqual(await cellsOf('"aaa","b\r\nbb","ccc"\r\nzzz,yyy,xxx'), [
      ['aaa', 'b\r\nbb', 'ccc'],
      ['zzz', 'yyy', 'xxx'],
    ]);
    assert.deepEqual(await cellsOf('"aaa","b""bb","ccc"'), [['aaa', 'b"bb', 'ccc']]);
    assert.deepEqual(await cellsOf('a, b ,\r\n'), [['a', ' b ', '']]);
  });

  it('knows the line each record begins at, past blank lines and quoted newlines', async () => {
    const text = '\uFEFFa,b\n1,"x\r\ny\nz"\n\n\n3,4\n';
    const lines = await linesOf('text/csv', text);
    assert.equal((await linesOf('text/csv', text, 1))[0]?.cells?.[0], 'a', 'the mark came in pieces');
    assert.deepEqual(
      lines.map(({ n, cells }) => [n, cells?.[0]]),
      [
        [1, 'a'],
        [2, '1'],
        [7, '3'],
      ],
    );
  });

  it('marks a line that is not UTF-8 and reads on', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xff]), Buffer.from('\n2,ü\n')]);
    assert.deepEqual(await linesOf('text/csv', bytes, 1), [
      { n: 1, cells: ['a', 'b'] },
      { n: 2, bad: true },
      { n: 3, cells: ['2', 'ü'] },
    ]);
  });

  it('is refused whole where its quotes do not fit or a line is too long', async () => {
    for (const text of ['a,b\n1,"x\n2,3\n', 'a,b\n1,"x"y\n', 'a,b\n1,x"y\n']) {
      assert.equal(await problemOf(linesOf('text/csv', text)), '422 import.malformed');
    }
    const long = `a,b\n${'z'.repeat(limits.importLineBytes + 10)},2\n`;
    assert.equal(await problemOf(linesOf('text/csv', long, 1_000)), '413 import.line-too-long');
    assert.equal(await problemOf(linesOf('application/x-ndjson', long, 1_000)), '413 import.line-too-long');
    const endless = long.slice(0, -3);
    assert.equal(await problemOf(linesOf('application/x-ndjson', endless, 100_000)), '413 import.line-too-long');
  });

  it('gives back any table, however it is cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', '𝒳', ' '), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
    const written = (row: readonly string[]): string => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(',');
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('\n', '\r\n'),
        async (rows, size, end) => {
          assert.deepEqual(await cellsOf(rows.map(written).join(end) + end, size), rows);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('JSON lines', () => {
  it('are the lines that are not blank, with their numbers', async () => {
    const text = '\uFEFF{"a":1}\r\n\n  \n{"b":"ü"}';
    assert.deepEqual(await linesOf('application/x-ndjson', text, 1), [
      { n: 1, text: '{"a":1}' },
      { n: 4, text: '{"b":"ü"}' },
    ]);
  });

  it('are marked where they are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n{}')]);
    assert.deepEqual(await linesOf('application/x-ndjson', bytes), [
      { n: 1, bad: true },
      { n: 2, text: '{}' },
    ]);
  });
});

describe('a body on its way', () => {
  const drained = async (body: PassThrough, most = {}): Promise<void> => {
    for await (const piece of bytesOf(body, { bytes: 100, totalMs: 5_000, idleMs: 5_000, ...most })) {
      assert.ok(piece.length > 0);
    }
  };

  it('ends with a problem when it stands still, lasts, is too large or breaks', async () => {
    const still = new PassThrough();
    still.write('x');
    assert.equal(await problemOf(drained(still, { idleMs: 20 })), '408 request.timeout');
    const lasting = new PassThrough();
    const drip = setInterval(() => lasting.write('x'), 5);
    assert.equal(await problemOf(drained(lasting, { totalMs: 60, bytes: 1_000 })), '408 request.timeout');
    clearInterval(drip);
    const large = new PassThrough();
    large.end(Buffer.alloc(101));
    assert.equal(await problemOf(drained(large)), '413 request.too-large');
    assert.equal(large.destroyed, false, 'the socket is needed for the answer');
    const broken = new PassThrough();
    broken.write('x');
    setImmediate(() => broken.destroy(new Error('reset')));
    assert.equal(await problemOf(drained(broken)), '400 request.malformed');
  });
});
