// Reads of passkeys.
import { limits } from '#config/limits.ts';
import { Passkeys, type Passkey } from './passkeys.model.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** All passkeys of an account, the oldest first. */
export async function passkeysOf(userId: string): Promise<Passkey[]> {
  return await Passkeys.native()
    .find({ userId, removedAt: { $exists: false } }, bounded)
    .sort({ createdAt: 1 })
    .limit(limits.pageMax)
    .toArray();
}

/** One passkey, or null. */
export async function findPasskey(id: string): Promise<Passkey | null> {
  return await Passkeys.native().findOne({ _id: id, removedAt: { $exists: false } }, bounded);
}
