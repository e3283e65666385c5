// Reads of logging in: whose password is this?
import { verifyPassword } from '#src/platform/auth/passwords.ts';
import { findCredential, type AccountView } from '#src/services/user/index.ts';

/**
 * The account an e-mail address and a password open, or null. Takes the same time whether or not there is such an
 * account. Errors: server.unavailable when too many wait.
 */
export async function checkPassword(email: string, password: string): Promise<AccountView | null> {
  const credential = await findCredential(email);
  const right = await verifyPassword(credential?.passwordHash, password);
  return right && credential ? credential.account : null;
}
