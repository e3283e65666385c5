// Makes a just started mongod a writable replica set of one. Called by mongod.ts.
import { setTimeout as wait } from 'node:timers/promises';
import { mongo } from 'mongoose';

const NAME = 'rs0';
const NOT_YET_INITIALIZED = 94;
/**
 * What a mongod answers while it still reads or changes its configuration: shutting down or starting (91, 11600),
 * not yet a member of anything (189, 13436), a reconfiguration under way (109), and "already initialized" (23), when
 * its old configuration had been on the way while it said "not yet".
 */
const PASSING_CODES = new Set([23, 91, 109, 189, 11_600, 13_436]);

interface ReplicaSetConfig {
  _id: string;
  version: number;
  members: { _id: number; host: string }[];
}

async function currentConfig(admin: mongo.Db): Promise<ReplicaSetConfig | undefined> {
  try {
    return (await admin.command({ replSetGetConfig: 1 }))['config'] as ReplicaSetConfig;
  } catch (error) {
    if (error instanceof mongo.MongoServerError && error.code === NOT_YET_INITIALIZED) {
      return undefined;
    }
    throw error;
  }
}

/** Initiates the set once; afterwards only puts right a member address that has become another port. */
async function configure(admin: mongo.Db, host: string): Promise<void> {
  const config = await currentConfig(admin);
  if (config === undefined) {
    await admin.command({ replSetInitiate: { _id: NAME, members: [{ _id: 0, host }] } });
  } else if (config.members.length !== 1 || config.members[0]?.host !== host) {
    const moved = { ...config, version: config.version + 1, members: [{ _id: 0, host }] };
    // Without force this needs a primary, which a set that does not find its only member cannot have.
    await admin.command({ replSetReconfig: moved, force: true });
  }
}

async function step(admin: mongo.Db, host: string): Promise<boolean> {
  try {
    await configure(admin, host);
    return (await admin.command({ hello: 1 }))['isWritablePrimary'] === true;
  } catch (error) {
    if (error instanceof mongo.MongoServerError && !PASSING_CODES.has(Number(error.code))) {
      throw error;
    }
    return false;
  }
}

/**
 * Resolves when the mongod on `port` is a writable primary; false when `alive` said no or the time ran out first.
 */
export async function becomePrimary(port: number, alive: () => boolean, limitMs: number): Promise<boolean> {
  const host = `127.0.0.1:${String(port)}`;
  const client = new mongo.MongoClient(`mongodb://${host}/?directConnection=true`, {
    serverSelectionTimeoutMS: 2_000,
    monitorCommands: false,
  });
  const end = Date.now() + limitMs;
  try {
    while (alive() && Date.now() < end) {
      if (await step(client.db('admin'), host)) {
        return true;
      }
      await wait(30);
    }
    return false;
  } finally {
    await client.close();
  }
}
