// What commands of the auth service read and write of an account: its password and its address. The account itself stays
// behind the door of this service.
import { put, type State, type Write } from '#src/platform/commands/command.ts';
import { limits } from '#config/limits.ts';
import { Users, type User } from '../user.model.ts';

/** What proves who somebody is, and where mails reach them. */
export interface Credential {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string | undefined;
  readonly passwordChangedAt: Date | undefined;
  readonly emailVerifiedAt: Date | undefined;
}

/** The credential of a user that `readUsers` read. Null where there is no such user. */
export function credentialIn(state: State, userId: string): Credential | null {
  const user = state.get(Users, userId);
  return user && credentialOf(user);
}

/** The credential of a user, or null where there is no such user. */
export async function findCredentialOf(userId: string): Promise<Credential | null> {
  const user = await Users.native().findOne({ _id: userId }, { maxTimeMS: limits.mongoMs });
  return user && credentialOf(user);
}

function credentialOf({ _id, email, name, passwordHash, passwordChangedAt, emailVerifiedAt }: User): Credential {
  return { id: _id, email, name, passwordHash, passwordChangedAt, emailVerifiedAt };
}

/**
 * The write that changes a credential; the user was found by `credentialIn`. A new password voids links that were mailed
 * before. Of an address that is taken the commit says so: see `onDuplicate`.
 */
export function changedCredential(
  state: State,
  userId: string,
  changes: { readonly passwordHash?: string; readonly email?: string; readonly emailVerifiedAt?: Date },
  now: Date,
): Write {
  const user = state.get(Users, userId);
  if (!user) {
    throw new Error(`There is no user ${userId} to change the credential of`);
  }
  const renewed = changes.passwordHash === undefined ? {} : { passwordChangedAt: now };
  return put(Users, { ...user, ...changes, ...renewed, updatedAt: now, rev: user.rev + 1 });
}
