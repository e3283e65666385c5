// Writes of credentials that nothing else follows from.
import { z } from 'zod';
import { defineCommand, put } from '#src/platform/commands/command.ts';
import { Users } from '../user.model.ts';
import { userId } from '../user.schema.ts';

const rehashInput = z.strictObject({ userId, from: z.string(), to: z.string() });

/** Keeps the same password under another hash; where it was changed meanwhile, nothing happens. */
export const rehashPassword = defineCommand({
  kind: 'user.password.rehash',
  pool: 'direct',
  recorded: false,
  input: rehashInput,
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => {
    await reader.read(
      Users,
      commands.map((command) => command.input.userId),
    );
  },
  decide: (state, { input }, now) => {
    const user = state.get(Users, input.userId);
    if (!user || user.passwordHash !== input.from) {
      return { result: { rehashed: false } };
    }
    const changed = { ...user, passwordHash: input.to, updatedAt: now, rev: user.rev + 1 };
    return { writes: [put(Users, changed)], result: { rehashed: true } };
  },
});
