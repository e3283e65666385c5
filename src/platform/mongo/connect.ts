// The connection to MongoDB and the checks before anything serves.
import mongoose from 'mongoose';
import { config } from '#config/env.ts';
import { logFor } from '../log.ts';

const log = logFor('mongo');
/** How long a process that starts waits for MongoDB. */
const bootMs = 30_000;
/** How long a command of a process that serves may go without an answer: no request hangs on a server that stands still. */
const servingMs = 10_000;

/** Something in the surroundings makes it impossible to run. The message says what to do. */
export class BootRefusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BootRefusal';
  }
}

/** How to connect. */
export interface Connecting {
  /** What the server calls this process. */
  readonly appName?: string;
  /**
   * For what works through whole collections (the migration step, backups, restores, verifications): one command may go
   * without an answer for as long as it takes. A server that stands still is given up all the same, by the driver's
   * heartbeat within a minute.
   */
  readonly patient?: boolean;
}

/** Connects, and refuses a server without transactions. @throws BootRefusal */
export async function connectMongo(connecting: Connecting = {}): Promise<void> {
  if (!config.mongoUrl) {
    throw new BootRefusal('MONGO_URL is not set: give the address of a MongoDB replica set, or use npm start');
  }
  await reach(config.mongoUrl, connecting);
  const hello = await mongoose.connection.getClient().db('admin').command({ hello: 1 });
  if (!hello['setName']) {
    await mongoose.disconnect();
    throw new BootRefusal(
      'MongoDB runs without a replica set, so it has no transactions: start mongod with --replSet and initiate the set',
    );
  }
}

/** Connects; a server that does not answer yet is waited for. */
async function reach(url: string, { appName = 'smartstart-brain', patient = false }: Connecting): Promise<void> {
  for (const since = Date.now(); ;) {
    try {
      await mongoose.connect(url, {
        writeConcern: { w: 'majority', journal: true },
        serverSelectionTimeoutMS: 2_000,
        socketTimeoutMS: patient ? 0 : servingMs,
        maxPoolSize: 40,
        autoIndex: false,
        autoCreate: false,
        appName,
      });
      return;
    } catch (error) {
      if (Date.now() - since > bootMs) {
        throw new BootRefusal(`MongoDB at MONGO_URL did not answer within ${bootMs / 1_000} s: ${String(error)}`);
      }
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'MongoDB does not answer yet');
    }
  }
}

/** Asks MongoDB for a sign of life within a second: is there a primary that takes writes? */
export async function probeMongo(): Promise<boolean> {
  try {
    const hello = await mongoose.connection.getClient().db('admin').command({ hello: 1 }, { timeoutMS: 1_000 });
    return hello['isWritablePrimary'] === true;
  } catch {
    return false;
  }
}

/** Closes the connection. */
export async function closeMongo(): Promise<void> {
  await mongoose.disconnect();
}
