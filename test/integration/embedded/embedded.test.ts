// The embedded servers, run for real: data kept, faults survived, orphans taken over, ports moved.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { after, before, describe, it } from 'mocha';
import { mongo } from 'mongoose';
import { type FoundBinary, findMongod, findValkey } from '#src/platform/embedded/binaries.ts';
import type { EmbeddedServer } from '#src/platform/embedded/child.ts';
import { chooseMongod, startMongod, withDatabase } from '#src/platform/embedded/mongod.ts';
import { commandLine } from '#src/platform/embedded/processes.ts';
import { startValkey } from '#src/platform/embedded/valkey.ts';
import { testFolder } from '../../support/servers.ts';

describe('embedded servers', () => {
  const binaries = {} as { mongod: FoundBinary; valkey: FoundBinary };
  let dataDir = '';
  const lines: string[] = [];
  const report = (line: string): void => void lines.push(line);
  const open: EmbeddedServer[] = [];

  const mongod = async (port?: number): Promise<EmbeddedServer> => {
    const server = await startMongod({ binary: binaries.mongod, dataDir, port, cacheGb: 0.25, report });
    open.push(server);
    return server;
  };
  const valkey = async (port?: number): Promise<EmbeddedServer> => {
    const server = await startValkey({ binary: binaries.valkey, dataDir, port, report });
    open.push(server);
    return server;
  };
  const withMongo = async <T>(server: EmbeddedServer, use: (db: mongo.Db) => Promise<T>): Promise<T> => {
    const client = new mongo.MongoClient(withDatabase(server.url, 'kept'), { serverSelectionTimeoutMS: 5_000 });
    try {
      return await use(client.db());
    } finally {
      await client.close();
    }
  };
  const withRedis = async <T>(server: EmbeddedServer, use: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(server.url, { maxRetriesPerRequest: 1 });
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  };

  before(async () => {
    dataDir = await testFolder();
    binaries.mongod = await findMongod(report);
    binaries.valkey = await findValkey(report);
  });

  after(async () => {
    await Promise.all(open.map(async (server) => await server.stop()));
    await rm(dataDir, { recursive: true, force: true });
  });

  it('keeps data and port through an ordered stop, and gives a transaction', async () => {
    const first = await mongod();
    await withMongo(first, async (db) => {
      await db.createCollection('things');
      await db.client.withSession(async (session) => {
        await session.withTransaction(async () => {
          await db.collection('things').insertOne({ name: 'first' }, { session });
        });
      });
    });
    await first.stop();
    assert.equal(await commandLine(first.pid), '');
    const second = await mongod();
    assert.equal(second.port, first.port);
    assert.equal(
      await withMongo(second, async (db) => await db.collection('things').countDocuments({ name: 'first' })),
      1,
    );
  });

  it('ends a mongod an earlier run left on the same files, and says so', async () => {
    const orphan = open.at(-1);
    assert.ok(orphan);
    const next = await mongod();
    assert.notEqual(next.pid, orphan.pid);
    assert.equal(await orphan.exited, 0);
    assert.ok(lines.some((line) => line.includes(`process ${String(orphan.pid)}`)));
    assert.equal(await withMongo(next, async (db) => await db.collection('things').countDocuments()), 1);
  });

  it('is primary again after SIGKILL and on another port', async () => {
    const killed = open.at(-1);
    assert.ok(killed);
    killed.kill('SIGKILL');
    assert.equal(await killed.exited, null);
    const squatter = await listen(killed.port);
    try {
      const moved = await mongod();
      assert.notEqual(moved.port, killed.port);
      await withMongo(moved, async (db) => await db.collection('things').insertOne({ name: 'second' }));
      await moved.stop();
    } finally {
      squatter.close();
    }
  });

  it('refuses a taken port and files of another series in plain sentences', async () => {
    const squatter = await listen(0);
    const address = squatter.address();
    assert.ok(typeof address === 'object' && address !== null);
    await assert.rejects(mongod(address.port), /taken by another program/u);
    squatter.close();
    const newer = { ...binaries.mongod, version: '99.1.0' };
    await assert.rejects(startMongod({ binary: newer, dataDir, report }), /was made by mongod .* refuses its files/u);
  });

  it('chooses the series that made the files', async () => {
    const chosen = await chooseMongod(dataDir, report);
    assert.equal(chosen.version, binaries.mongod.version);
  });

  it('keeps what Valkey acknowledged, with settings that queues need', async () => {
    const first = await valkey();
    await withRedis(first, async (client) => {
      await client.set('kept', 'yes');
      assert.deepEqual(await client.config('GET', 'maxmemory-policy'), ['maxmemory-policy', 'noeviction']);
      assert.deepEqual(await client.config('GET', 'appendonly'), ['appendonly', 'yes']);
    });
    await first.stop();
    const second = await valkey();
    assert.equal(second.port, first.port);
    assert.equal(await withRedis(second, async (client) => await client.get('kept')), 'yes');
  });

  it('ends a frozen Valkey of an earlier run before it opens its files', async () => {
    const orphan = open.at(-1);
    assert.ok(orphan);
    orphan.kill('SIGSTOP');
    const next = await valkey();
    await orphan.exited;
    assert.equal(await withRedis(next, async (client) => await client.get('kept')), 'yes');
  });

  it('sets aside files a Valkey of another make cannot read', async () => {
    await open.at(-1)?.stop();
    const other = { ...binaries.valkey, version: '0.0.1' };
    const server = await startValkey({ binary: other, dataDir, report });
    open.push(server);
    assert.equal(await withRedis(server, async (client) => await client.get('kept')), null);
    assert.ok(lines.some((line) => line.includes('rebuilt from MongoDB')));
  });
});

async function listen(port: number): Promise<Server> {
  // mongod asks whoever holds its old port whether that is itself, and waits 30 s for one that says nothing.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
