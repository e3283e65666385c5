// The making of one's own account, and the first admin: made at boot from BOOTSTRAP_ADMIN_EMAIL and
// BOOTSTRAP_ADMIN_PASSWORD while nobody is admin.
import { config } from '#config/env.ts';
import { hashPassword } from '#src/platform/auth/passwords.ts';
import { weaknessOf } from '#src/platform/auth/weak-passwords.ts';
import { defineCommand } from '#src/platform/commands/command.ts';
import type { Submit, SubmitContext } from '#src/platform/commands/submit.ts';
import { AppError } from '#src/platform/errors.ts';
import { newId } from '#src/platform/ids.ts';
import { logFor } from '#src/platform/log.ts';
import {
  createAccount,
  findCredential,
  newAccount,
  setFirstPassword,
  someoneHasRole,
  userProblems,
} from '#src/services/user/index.ts';
import { authProblems } from './auth.errors.ts';
import { registrationInput } from './auth.schema.ts';
import { verificationOf } from './emails/emails.commands.ts';
import { accepted, invitationIn, readInvitations } from './invitations/invitations.queries.ts';

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
    const weakness = await weaknessOf(first.password, [email]);
    if (weakness !== null) {
      log.warn({ email }, `The first admin's password is not a good one. ${weakness}`);
    }
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

/**
 * Makes one's own account: account, password, invitation used up, and the mail that proves the address, in one commit.
 * Codes: auth.email-taken, auth.invitation-refused.
 */
export const registerAccount = defineCommand({
  kind: 'auth.account.register',
  pool: 'direct',
  recorded: false,
  input: registrationInput,
  key: (input) => `user.${input.email}`,
  problems: [userProblems.emailTaken, authProblems.invitationRefused],
  onDuplicate: () => userProblems.emailTaken(),
  load: async (commands, reader) => {
    await readInvitations(
      reader,
      commands.flatMap(({ input }) => (input.invitationId === undefined ? [] : [input.invitationId])),
    );
  },
  decide: (state, command, now) => {
    const { invitationId, ...account } = command.input;
    if (invitationId === undefined) {
      const made = newAccount(command, { ...account, roles: ['user'] }, now);
      const { writes, work } = verificationOf(command.id, { userId: command.id, email: account.email }, now);
      return { ...made, writes: [...(made.writes ?? []), ...writes], work };
    }
    const invitation = invitationIn(state, invitationId, account.email, now);
    if (!invitation) {
      return authProblems.invitationRefused();
    }
    // The invitation came by mail: whoever has its token reads the mails of the address.
    const made = newAccount(command, { ...account, roles: invitation.roles, emailVerifiedAt: now }, now);
    return { ...made, writes: [...(made.writes ?? []), accepted(invitation, now)] };
  },
});
