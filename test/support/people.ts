// People and what is kept of them: ties between people, put into the database as they stand, and what a backup would say of the
// rows. How people come to be connected is tested where it is done.
import mongoose from 'mongoose';
import type { StoredCheck } from '#src/platform/backup/checks.ts';
import { Connections, newPair, type Connection } from '#src/services/user/connections/connections.model.ts';

/** Makes a pair stand so: connected by default, with whoever is named having blocked the other. */
export async function tie(
  one: string,
  other: string,
  stands: Partial<Pick<Connection, 'state' | 'blockedBy'>> = {},
): Promise<void> {
  const pair = newPair(one, other, new Date());
  await Connections.native().replaceOne(
    { _id: pair._id },
    { ...pair, requester: one, addressee: other, state: 'connected', ...stands },
    { upsert: true },
  );
}

/** What a backup of the database as it is now would complain about. */
export async function complaintsOf(checks: readonly StoredCheck[]): Promise<readonly string[]> {
  const running = checks.map((check) => ({ check, checking: check.begin() }));
  for (const name of new Set(checks.flatMap(({ reads }) => Object.keys(reads)))) {
    for (const doc of await mongoose.connection.collection(name).find({}).toArray()) {
      running
        .filter(({ check }) => name in check.reads)
        .forEach(({ checking }) => {
          checking.see(name, doc);
        });
    }
  }
  return running.flatMap(({ checking }) => checking.end());
}
