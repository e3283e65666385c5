// One backup of a database at a time: the row that is the lock says how much of MongoDB's window of the past is there for
// it. Systems with databases of their own on one server are in nobody's way. Called by dump.ts and the guard of history.ts.
import { leaseMs, takeLease, type Lease } from '../mongo/lease.ts';
import { Meta } from '../mongo/meta.ts';
import { BackupError } from './format.ts';

/** The row of `meta` that is the lock; what history.ts has to take from the window again stands in it too. */
export const backupLock = 'backup';

/** Takes the lock. @throws BackupError while another backup has it */
export async function takeBackupLock(): Promise<Lease> {
  const lease = await takeLease(backupLock);
  if (!lease) {
    const holder = (await Meta.native().findOne({ _id: backupLock }))?.holder ?? 'one that just ended';
    throw new BackupError(
      `Another backup of this database is under way (${holder}): wait for it. One that was killed counts for up to ${leaseMs / 1_000} s more`,
    );
  }
  return lease;
}
