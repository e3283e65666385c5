// Changes of settings.
import { defineCommand, put } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import { userProblems } from '../user.errors.ts';
import { Users } from '../user.model.ts';
import { withChange } from './settings.policy.ts';
import { settingsInput } from './settings.schema.ts';

/**
 * Changes one's settings; answers with all of them and the revision.
 * Codes: user.not-found, request.precondition-failed where it is at another revision.
 */
export const changeSettings = defineCommand({
  kind: 'user.settings.change',
  pool: 'direct',
  input: settingsInput,
  problems: [userProblems.notFound, problems.preconditionFailed],
  key: ({ userId }) => `user.${userId}`,
  load: async (commands, reader) => {
    await reader.read(
      Users,
      commands.map(({ input }) => input.userId),
    );
  },
  decide: (state, { input: { userId, expectRev, change } }, now) => {
    const user = state.get(Users, userId);
    if (!user) {
      return userProblems.notFound(`There is no user ${userId}`);
    }
    if (user.rev !== expectRev) {
      return problems.preconditionFailed('It is at another revision by now: read it again');
    }
    const settings = withChange(user.settings ?? {}, change);
    const next = { ...user, settings, updatedAt: now, rev: user.rev + 1 };
    return { writes: [put(Users, next)], result: { settings, rev: next.rev } };
  },
});
