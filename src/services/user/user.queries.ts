// Reads of accounts.
import type { Reader, State } from '#src/platform/commands/command.ts';
import { limits } from '#config/limits.ts';
import { isActive, isShown } from './showing/showing.policy.ts';
import { Users, type User } from './user.model.ts';
import { presentAccount, presentOwnAccount } from './user.presenter.ts';
import type { AccountView, OwnAccountView } from './user.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** The user, or null. */
export async function findUser(id: string): Promise<User | null> {
  return await Users.native().findOne({ _id: id }, bounded);
}

/** The account of an id as its owner sees it; null where there is none, or it is suspended. */
export async function findAccount(id: string): Promise<AccountView | null> {
  const user = await findUser(id);
  return user && isActive(user) ? presentAccount(user) : null;
}

/** An account with what its password is checked with. `active`: false where nobody may log into it. */
export interface CredentialView {
  readonly account: AccountView;
  readonly passwordHash: string | undefined;
  readonly active: boolean;
}

/** The same with what only its owner is shown, or null. */
export async function findOwnAccount(id: string): Promise<OwnAccountView | null> {
  const user = await findUser(id);
  return user && isActive(user) ? presentOwnAccount(user) : null;
}

/** The account of an address with the hash its password is checked with, or null. */
export async function findCredential(email: string): Promise<CredentialView | null> {
  const user = await Users.native().findOne({ email: email.trim().toLowerCase() }, bounded);
  return user && { account: presentAccount(user), passwordHash: user.passwordHash, active: isActive(user) };
}

/** The account of an address, whether it is in use, and whether its owner proved to read mails to it; null where there is none. */
export async function findByEmail(
  email: string,
): Promise<{ account: AccountView; verified: boolean; active: boolean } | null> {
  const user = await Users.native().findOne({ email: email.trim().toLowerCase() }, bounded);
  return (
    user && { account: presentAccount(user), verified: user.emailVerifiedAt !== undefined, active: isActive(user) }
  );
}

/** The roles of a user; null where there is no such user, or the account is suspended: no session of it is believed. */
export async function rolesOfUser(id: string): Promise<readonly string[] | null> {
  const user = await Users.native().findOne({ _id: id }, { ...bounded, projection: { roles: 1, status: 1 } });
  return user && isActive(user) ? user.roles : null;
}

/** True where somebody has the role. */
export async function someoneHasRole(role: string): Promise<boolean> {
  return (await Users.native().findOne({ roles: role }, { ...bounded, projection: { _id: 1 } })) !== null;
}

/** Reads users into a command's state: for `load` of other services. */
export async function readUsers(reader: Reader, ids: Iterable<string>): Promise<void> {
  await reader.read(Users, ids);
}

/** A user that `readUsers` read: for `decide` of other services. Null where there is no such user. */
export function userIn(state: State, id: string): { readonly id: string; readonly name: string } | null {
  const user = state.get(Users, id);
  return user && { id: user._id, name: user.name };
}

/** True for a user that `readUsers` read and that others may find: neither suspended nor about to be deleted. */
export function isShownIn(state: State, id: string): boolean {
  const user = state.get(Users, id);
  return user !== null && isShown(user);
}

/** Reads users by their addresses into a command's state: for imports of other services. */
export async function readUsersByEmail(reader: Reader, emails: Iterable<string>): Promise<void> {
  await reader.readBy(Users, 'email', emails);
}

/** A user whose address `readUsersByEmail` read. Null where nobody has it. */
export function userByEmail(state: State, email: string): { readonly id: string } | null {
  const user = state.getBy(Users, 'email', email);
  return user && { id: user._id };
}
