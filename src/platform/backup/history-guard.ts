// A process of its own beside a backup: when the backup ends without a word, it puts MongoDB's window of the past back.
// Started by history.ts with the seconds to put back.
import { mongo } from 'mongoose';
import { config } from '#config/env.ts';
import { setHistoryWindow } from './history.ts';

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
if (heard !== 'done' && config.mongoUrl) {
  const client = new mongo.MongoClient(config.mongoUrl, { appName: 'smartstart-brain-backup' });
  for (let round = 0; round < rounds; round += 1) {
    await setHistoryWindow(client.db('admin'), Number(process.argv[2]));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await client.close();
}
