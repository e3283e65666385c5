// Writes of accounts. They touch only their own document, so requests do them directly; imported lines have a queue.
import { Roles } from '#src/platform/auth/permissions.ts';
import { actDone } from '#src/platform/audit/audit.ts';
import { AppError } from '#src/platform/errors.ts';
import { defineCommand, insert, put, type Command, type Decision } from '#src/platform/commands/command.ts';
import { defineImport } from '#src/platform/imports/definition.ts';
import { rehashPassword } from './credentials/credentials.commands.ts';
import { holdRoles } from './roles/roles.policy.ts';
import { changeSettings } from './settings/settings.commands.ts';
import { setAccountStatus } from './suspension/suspension.commands.ts';
import { userProblems } from './user.errors.ts';
import { userRegistered } from './user.events.ts';
import { updateUserCommand } from './profile/profile.commands.ts';
import { namePrefixesOf } from './search/search.policy.ts';
import { nameKeyOf, Users, type User } from './user.model.ts';
import { presentAccount } from './user.presenter.ts';
import { accountInput, firstPasswordInput, importedUser } from './user.schema.ts';

interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly passwordHash?: string;
  readonly emailVerifiedAt?: Date;
}

/**
 * A new account, for `decide` of whatever makes one. It is named by the id of the command, so that doing it again finds
 * it; the command's `onDuplicate` says that the address is taken.
 */
export function newAccount(command: Command, account: NewAccount, now: Date): Decision {
  const user: User = {
    _id: command.id,
    ...account,
    nameKey: nameKeyOf(account.name),
    namePrefixes: namePrefixesOf(account.name),
    createdAt: now,
    updatedAt: now,
    rev: 0,
  };
  return {
    writes: [insert(Users, user)],
    events: [
      userRegistered.draft({
        subject: `user.${user._id}`,
        audience: [`user.${user._id}`],
        data: { userId: user._id, name: user.name },
      }),
    ],
    result: { ...presentAccount(user), createdAt: now.toISOString() },
  };
}

const emailTaken = (): AppError => userProblems.emailTaken();

/** Makes an account for somebody else. Codes: auth.email-taken. */
export const createAccount = defineCommand({
  kind: 'user.account.create',
  pool: 'direct',
  input: accountInput,
  key: (input) => `user.${input.email}`,
  load: async (commands, reader) => {
    await reader.read(
      Roles,
      commands.flatMap((command) => command.input.roles),
    );
  },
  decide: (state, command, now) => {
    const held = holdRoles(state, command.input.roles);
    if (held instanceof AppError) {
      return held;
    }
    const { writes = [], events = [], result } = newAccount(command, command.input, now);
    const target = { user: command.id, roles: command.input.roles.join(' ') };
    return {
      writes: [...writes, ...held],
      // The first admin is nobody's act.
      events: command.actor === 'system' ? events : [...events, actDone(command.id, { action: 'user.create', target })],
      result,
    };
  },
  problems: [userProblems.emailTaken],
  onDuplicate: emailTaken,
});

/** Makes the account of an imported line. A user's address is its own key: a line that comes again is refused. Codes: auth.email-taken. */
export const importAccount = defineCommand({
  kind: 'user.account.import',
  pool: 'operations',
  input: importedUser,
  key: (input) => `user.${input.email}`,
  load: async (commands, reader) =>
    await reader.readBy(
      Users,
      'email',
      commands.map((command) => command.input.email),
    ),
  decide: (state, command, now) =>
    state.getBy(Users, 'email', command.input.email) === null
      ? newAccount(command, { ...command.input, roles: ['user'] }, now)
      : emailTaken(),
});

/** The import `users`. */
const usersImport = defineImport({
  name: 'users',
  permission: 'user.create',
  line: importedUser,
  load: async () => await Promise.resolve(),
  toCommand: (line) => ({ kind: importAccount.kind, input: line }),
});

/** Gives an account its first password; one that has a password keeps it. Codes: user.not-found. */
export const setFirstPassword = defineCommand({
  kind: 'user.password.set-first',
  pool: 'direct',
  recorded: false,
  input: firstPasswordInput,
  problems: [userProblems.notFound],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => {
    await reader.read(
      Users,
      commands.map((command) => command.input.userId),
    );
  },
  decide: (state, { input }, now) => {
    const user = state.get(Users, input.userId);
    if (!user) {
      return userProblems.notFound(`There is no user ${input.userId}`);
    }
    if (user.passwordHash !== undefined) {
      return { result: { set: false, passwordHash: user.passwordHash } };
    }
    const changed = { ...user, passwordHash: input.passwordHash, updatedAt: now, rev: user.rev + 1 };
    return { writes: [put(Users, changed)], result: { set: true, passwordHash: input.passwordHash } };
  },
});

/** Every command of accounts, profiles and settings. */
export const userCommands = [
  createAccount,
  importAccount,
  setFirstPassword,
  rehashPassword,
  updateUserCommand,
  changeSettings,
  setAccountStatus,
] as const;

/** Every import of this service. */
export const userImports = [usersImport] as const;
