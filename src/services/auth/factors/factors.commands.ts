// Writes of second factors. A code is looked at in `decide`, so that the document's revision lets one of many who give
// the same code at once win. Nothing here is recorded: inputs and answers are credentials.
import type { AppError } from '#src/platform/errors.ts';
import { defineCommand, put, type Command, type Decision, type Reader } from '#src/platform/commands/command.ts';
import { factorProblems } from './factors.errors.ts';
import { noticed } from './factors.effects.ts';
import { FactorSets, type Factors } from './factors.model.ts';
import { backupHash, heldUpMs, isOn, stepIn, withWrong } from './factors.policy.ts';
import type { Act } from '../auth.schema.ts';
import { inputs } from './factors.schema.ts';

const none = (userId: string): Factors => ({
  _id: userId,
  backupCodes: [],
  wrong: 0,
  wrongSince: new Date(0),
  rev: 0,
});

const next = (factors: Factors, change: Partial<Factors>): Factors => ({ ...factors, ...change, rev: factors.rev + 1 });

const loadOwn = async (commands: readonly Command<{ readonly act: Act }>[], reader: Reader): Promise<void> => {
  await reader.read(
    FactorSets,
    commands.map(({ input }) => input.act.userId),
  );
};

function tooMany(factors: Factors, now: Date): AppError | null {
  const left = heldUpMs(factors, now);
  return left === 0
    ? null
    : factorProblems.tooManyCodes(undefined, { extensions: { retryAfterS: Math.ceil(left / 1_000) } });
}

/** The answer of a command that looks at a code. */
export interface Checked {
  readonly right: boolean;
}

const wrong = (factors: Factors, now: Date): Decision => ({
  writes: [put(FactorSets, withWrong(factors, now))],
  result: { right: false } satisfies Checked,
});

/** Keeps a new secret until a code confirms it. Codes: auth.totp-is-on. */
export const setUpTotp = defineCommand({
  kind: 'auth.totp.set-up',
  pool: 'direct',
  recorded: false,
  input: inputs.setUp,
  problems: [factorProblems.totpIsOn],
  key: ({ userId }) => `factors.${userId}`,
  load: async (commands, reader) => {
    await reader.read(
      FactorSets,
      commands.map(({ input }) => input.userId),
    );
  },
  decide: (state, { input: { userId, sealed } }, now) => {
    const factors = state.get(FactorSets, userId) ?? none(userId);
    if (isOn(factors)) {
      return factorProblems.totpIsOn();
    }
    return { writes: [put(FactorSets, next(factors, { totp: { sealed, at: now, lastStep: 0 } }))], result: {} };
  },
});

/** Turns the app on with its first code, and keeps backup codes. Codes: auth.totp-is-off, auth.totp-is-on, auth.too-many-codes. */
export const confirmTotp = defineCommand({
  kind: 'auth.totp.confirm',
  pool: 'direct',
  recorded: false,
  input: inputs.confirm,
  problems: [factorProblems.totpIsOff, factorProblems.totpIsOn, factorProblems.tooManyCodes],
  key: ({ act }) => `factors.${act.userId}`,
  load: async (commands, reader) => await loadOwn(commands, reader),
  decide: (state, command, now) => {
    const { act, code, hashes } = command.input;
    const factors = state.get(FactorSets, act.userId);
    if (!factors?.totp) {
      return factorProblems.totpIsOff();
    }
    if (isOn(factors)) {
      return factorProblems.totpIsOn();
    }
    const step = stepIn(factors, code, now);
    const refusal = tooMany(factors, now);
    if (refusal || step === null) {
      return refusal ?? wrong(factors, now);
    }
    const on = next(factors, {
      totp: { ...factors.totp, confirmedAt: now, lastStep: step },
      backupCodes: hashes.map((hash) => ({ hash })),
      wrong: 0,
    });
    const { writes, ...told } = noticed('totp.added', act, command, now);
    return { writes: [put(FactorSets, on), ...writes], ...told, result: { right: true } satisfies Checked };
  },
});

/** Uses a code up, as the second factor of a login or for a step-up. Codes: auth.too-many-codes. */
export const useCode = defineCommand({
  kind: 'auth.code.use',
  pool: 'direct',
  recorded: false,
  input: inputs.useCode,
  problems: [factorProblems.tooManyCodes],
  key: ({ act }) => `factors.${act.userId}`,
  load: async (commands, reader) => await loadOwn(commands, reader),
  decide: (state, command, now) => {
    const { act, method, code } = command.input;
    const factors = state.get(FactorSets, act.userId);
    if (!factors?.totp?.confirmedAt) {
      return { result: { right: false } satisfies Checked };
    }
    return method === 'totp' ? useTotp(factors, code, now) : useBackupCode(factors, code, command, now);
  },
});

function useTotp(factors: Factors, code: string, now: Date): Decision | AppError {
  const refusal = tooMany(factors, now);
  const step = refusal ? null : stepIn(factors, code, now);
  if (refusal || step === null || !factors.totp) {
    return refusal ?? wrong(factors, now);
  }
  const used = next(factors, { totp: { ...factors.totp, lastStep: step }, wrong: 0 });
  return { writes: [put(FactorSets, used)], result: { right: true } satisfies Checked };
}

/** Never held up: 50 random bits cannot be guessed at the rate of any door, and whoever locked the app out can get in. */
function useBackupCode(factors: Factors, code: string, command: Command<{ readonly act: Act }>, now: Date): Decision {
  const hash = backupHash(factors._id, code);
  if (!factors.backupCodes.some((each) => each.hash === hash && !each.usedAt)) {
    return { result: { right: false } satisfies Checked };
  }
  const backupCodes = factors.backupCodes.map((each) => (each.hash === hash ? { ...each, usedAt: now } : each));
  const { writes, ...told } = noticed('backup-code.used', command.input.act, command, now);
  return {
    writes: [put(FactorSets, next(factors, { backupCodes })), ...writes],
    ...told,
    result: { right: true } satisfies Checked,
  };
}

/** Replaces the backup codes. Codes: auth.totp-is-off. */
export const renewBackupCodes = defineCommand({
  kind: 'auth.backup-codes.renew',
  pool: 'direct',
  recorded: false,
  input: inputs.renew,
  problems: [factorProblems.totpIsOff],
  key: ({ act }) => `factors.${act.userId}`,
  load: async (commands, reader) => await loadOwn(commands, reader),
  decide: (state, command, now) => {
    const { act, hashes } = command.input;
    const factors = state.get(FactorSets, act.userId);
    if (!factors || !isOn(factors)) {
      return factorProblems.totpIsOff();
    }
    const { writes, ...told } = noticed('backup-codes.made', act, command, now);
    const renewed = next(factors, { backupCodes: hashes.map((hash) => ({ hash })) });
    return { writes: [put(FactorSets, renewed), ...writes], ...told, result: {} };
  },
});

/** Takes the app and its backup codes away. Codes: auth.totp-is-off. */
export const removeTotp = defineCommand({
  kind: 'auth.totp.remove',
  pool: 'direct',
  recorded: false,
  input: inputs.remove,
  problems: [factorProblems.totpIsOff],
  key: ({ act }) => `factors.${act.userId}`,
  load: async (commands, reader) => await loadOwn(commands, reader),
  decide: (state, command, now) => {
    const factors = state.get(FactorSets, command.input.act.userId);
    if (!factors || !isOn(factors)) {
      return factorProblems.totpIsOff();
    }
    const { writes, ...told } = noticed('totp.removed', command.input.act, command, now);
    // Counted codes stay counted: setting up again must not open a new window for guesses.
    const { _id, wrong: counted, wrongSince, rev } = factors;
    const without: Factors = { _id, backupCodes: [], wrong: counted, wrongSince, rev: rev + 1 };
    return { writes: [put(FactorSets, without), ...writes], ...told, result: {} };
  },
});

/** Every command of this area. */
export const factorCommands = [setUpTotp, confirmTotp, useCode, renewBackupCodes, removeTotp] as const;
