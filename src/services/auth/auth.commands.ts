// The first admin: made at boot from BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD while nobody is admin.
import { config } from '#config/env.ts';
import { hashPassword } from '#src/platform/auth/passwords.ts';
import type { Submit, SubmitContext } from '#src/platform/commands/submit.ts';
import { AppError } from '#src/platform/errors.ts';
import { newId } from '#src/platform/ids.ts';
import { logFor } from '#src/platform/log.ts';
import { createAccount, findCredential, setFirstPassword, someoneHasRole } from '#src/services/user/index.ts';

const log = logFor('auth');

function firstAdmin(): { readonly email: string; readonly password: string } | null {
  const { bootstrapAdminEmail: email, bootstrapAdminPassword: password } = config;
  return email === undefined || password === undefined ? null : { email, password };
}

/**
 * Makes the first admin, unless somebody is admin or the environment names none. Called by the API root before it
 * listens. Of processes that boot at once, the unique e-mail address lets one succeed; a boot that died between the
 * account and its password is completed by the next.
 */
export async function bootstrapAdmin(submit: Submit, first = firstAdmin()): Promise<void> {
  if (first === null) {
    return;
  }
  const email = first.email.trim().toLowerCase();
  const context: SubmitContext = {
    caller: { userId: 'system' },
    requestId: newId(),
    traceparent: undefined,
    header: () => undefined,
  };
  if (!(await someoneHasRole('admin')) && !(await makeAdmin(submit, context, email))) {
    log.error({ email }, 'Nobody is admin and BOOTSTRAP_ADMIN_EMAIL belongs to another account: name another address');
    return;
  }
  const credential = await findCredential(email);
  if (!credential?.account.roles.includes('admin')) {
    return;
  }
  if (credential.passwordHash === undefined) {
    const passwordHash = await hashPassword(first.password);
    await submit(context, setFirstPassword, { userId: credential.account.id, passwordHash });
    log.info({ email }, 'The first admin is there');
  }
}

/** False where the address is somebody's who is not admin. */
async function makeAdmin(submit: Submit, context: SubmitContext, email: string): Promise<boolean> {
  try {
    await submit(context, createAccount, { email, name: 'Admin', roles: ['user', 'admin'] });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.problem.code === 'auth.email-taken') {
      return (await findCredential(email))?.account.roles.includes('admin') ?? false;
    }
    throw error;
  }
}
