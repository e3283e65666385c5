// A process of its own beside a backup: when the backup ends without a word, it takes from MongoDB's window of the past what
// the backup added, and gives up the lock of backups. Started by history.ts with the lock's holder.
import mongoose from 'mongoose';
import { config } from '#config/env.ts';
import { closeMongo, connectMongo } from '../mongo/connect.ts';
import { releaseLease, renewLease } from '../mongo/lease.ts';
import { takeAway } from './history.ts';
import { backupLock } from './one-at-a-time.ts';

/** The backup may have died with a change of the window on its way: it has come by then. */
const pauseMs = 1_000;

// What ends the backup's group must not end this.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

let heard = '';
for await (const chunk of process.stdin) {
  heard += String(chunk);
}
const [holder = ''] = process.argv.slice(2);
if (heard !== 'done' && config.mongoUrl) {
  await connectMongo({ appName: 'smartstart-brain-backup' });
  // Nobody else begins before the window is right.
  await renewLease(backupLock, holder);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  await takeAway(mongoose.connection.getClient().db('admin'), holder);
  await releaseLease(backupLock, holder);
  await closeMongo();
}
