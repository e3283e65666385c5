// A process of its own beside a backup: when the backup ends without a word, it puts MongoDB's window of the past back and
// gives up the lock of backups. Started by history.ts with the seconds to put back and the lock's holder.
import mongoose from 'mongoose';
import { config } from '#config/env.ts';
import { closeMongo, connectMongo } from '../mongo/connect.ts';
import { releaseLease, renewLease } from '../mongo/lease.ts';
import { putBack } from './history.ts';
import { backupLock } from './one-at-a-time.ts';

/** The backup may have died just before it raised the window: twice, with a while between, finds it in either order. */
const rounds = 2;
const pauseMs = 1_000;

// What ends the backup's group must not end this.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

let heard = '';
for await (const chunk of process.stdin) {
  heard += String(chunk);
}
const [before, holder = ''] = process.argv.slice(2);
if (heard !== 'done' && config.mongoUrl) {
  await connectMongo({ appName: 'smartstart-brain-backup' });
  const admin = mongoose.connection.getClient().db('admin');
  for (let round = 0; round < rounds; round += 1) {
    // Nobody else begins before the window is back.
    await renewLease(backupLock, holder);
    await putBack(admin, holder, Number(before));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await releaseLease(backupLock, holder);
  await closeMongo();
}
