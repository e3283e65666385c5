// Writes of passkeys.
import { factorRules } from '#config/auth.ts';
import { defineCommand, insert, put, type Command, type Reader } from '#src/platform/commands/command.ts';
import { noticed } from '../factors/factors.effects.ts';
import { passkeyProblems } from './passkeys.errors.ts';
import { Passkeys, type Passkey } from './passkeys.model.ts';
import { wentBackwards } from './passkeys.policy.ts';
import { inputs } from './passkeys.schema.ts';

const load = async (commands: readonly Command<{ readonly id: string }>[], reader: Reader): Promise<void> => {
  await reader.read(
    Passkeys,
    commands.map(({ input }) => input.id),
  );
};

const owned = (passkey: Passkey | null, userId: string): passkey is Passkey =>
  passkey !== null && passkey.userId === userId && !passkey.removedAt;

/** Keeps a new passkey. Codes: auth.passkey-known, auth.too-many-passkeys. */
export const addPasskey = defineCommand({
  kind: 'auth.passkey.add',
  pool: 'direct',
  recorded: false,
  input: inputs.add,
  problems: [passkeyProblems.known, passkeyProblems.tooMany],
  key: ({ id }) => `passkey.${id}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, command, now) => {
    const { act, id, others, ...rest } = command.input;
    const before = state.get(Passkeys, id);
    if (before && !before.removedAt) {
      return passkeyProblems.known();
    }
    if (others >= factorRules.passkeys) {
      return passkeyProblems.tooMany();
    }
    const passkey: Passkey = { _id: id, userId: act.userId, ...rest, createdAt: now, rev: (before?.rev ?? -1) + 1 };
    const { writes, ...told } = noticed('passkey.added', act, command, now);
    const write = before ? put(Passkeys, passkey) : insert(Passkeys, passkey);
    return { writes: [write, ...writes], ...told, result: passkey };
  },
  onDuplicate: () => passkeyProblems.known(),
});

/** What using a passkey came to. */
export interface Used {
  readonly right: boolean;
}

/** Writes down that a passkey signed, where its counter went on; tells its owner where it did not. */
export const usePasskey = defineCommand({
  kind: 'auth.passkey.use',
  pool: 'direct',
  recorded: false,
  input: inputs.use,
  key: ({ id }) => `passkey.${id}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, command, now) => {
    const { act, id, counter } = command.input;
    const passkey = state.get(Passkeys, id);
    if (!owned(passkey, act.userId)) {
      return { result: { right: false } satisfies Used };
    }
    if (wentBackwards(passkey.counter, counter)) {
      return { ...noticed('passkey.regressed', act, command, now), result: { right: false } satisfies Used };
    }
    const used: Passkey = { ...passkey, counter, lastUsedAt: now, rev: passkey.rev + 1 };
    return { writes: [put(Passkeys, used)], result: { right: true } satisfies Used };
  },
});

/** Gives a passkey another name. Codes: auth.passkey-not-found. */
export const renamePasskey = defineCommand({
  kind: 'auth.passkey.rename',
  pool: 'direct',
  recorded: false,
  input: inputs.rename,
  problems: [passkeyProblems.notFound],
  key: ({ id }) => `passkey.${id}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, { input: { userId, id, name } }) => {
    const passkey = state.get(Passkeys, id);
    if (!owned(passkey, userId)) {
      return passkeyProblems.notFound();
    }
    const named: Passkey = { ...passkey, name, rev: passkey.rev + 1 };
    return { writes: [put(Passkeys, named)], result: named };
  },
});

/** Removes a passkey. Codes: auth.passkey-not-found. */
export const removePasskey = defineCommand({
  kind: 'auth.passkey.remove',
  pool: 'direct',
  recorded: false,
  input: inputs.remove,
  problems: [passkeyProblems.notFound],
  key: ({ id }) => `passkey.${id}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, command, now) => {
    const { act, id } = command.input;
    const passkey = state.get(Passkeys, id);
    if (!owned(passkey, act.userId)) {
      return passkeyProblems.notFound();
    }
    const { writes, ...told } = noticed('passkey.removed', act, command, now);
    const removed: Passkey = { ...passkey, removedAt: now, rev: passkey.rev + 1 };
    return { writes: [put(Passkeys, removed), ...writes], ...told, result: {} };
  },
});

/** Every command of this area. */
export const passkeyCommands = [addPasskey, usePasskey, renamePasskey, removePasskey] as const;
