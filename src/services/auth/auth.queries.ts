// Reads of logging in: whose password is this?
import { verifyPassword } from '#src/platform/auth/passwords.ts';
import { authProblems } from './auth.errors.ts';
import { findCredential, type AccountView } from '#src/services/user/index.ts';

/**
 * The account an e-mail address and a password open, or null. Takes the same time whether or not there is such an
 * account. Errors: server.unavailable when too many wait; auth.account-suspended, for the right password alone.
 */
export async function checkPassword(email: string, password: string): Promise<AccountView | null> {
  const credential = await findCredential(email);
  const right = await verifyPassword(credential?.passwordHash, password);
  if (!right || !credential) {
    return null;
  }
  if (!credential.active) {
    throw authProblems.accountSuspended();
  }
  return credential.account;
}
