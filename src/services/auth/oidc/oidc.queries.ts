// Reads of linked logins.
import { limits } from '#config/limits.ts';
import { Identities, type Identity } from './oidc.model.ts';

const bounded = { maxTimeMS: limits.mongoMs };
const living = { removedAt: { $exists: false } };

/** The account a person of a provider is linked to, or null. */
export async function findIdentity(id: string): Promise<Identity | null> {
  return await Identities.native().findOne({ _id: id, ...living }, bounded);
}

/** The linked logins of an account, the oldest first. */
export async function identitiesOf(userId: string): Promise<Identity[]> {
  return await Identities.native()
    .find({ userId, ...living }, bounded)
    .sort({ linkedAt: 1 })
    .limit(limits.pageMax)
    .toArray();
}
