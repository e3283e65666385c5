// Suspends accounts and lets them back in.
import { endingOf } from '#src/platform/auth/ending-work.ts';
import { actDone } from '#src/platform/audit/audit.ts';
import { defineCommand, put } from '#src/platform/commands/command.ts';
import { userProblems } from '../user.errors.ts';
import { userActivated, userSuspended } from '../user.events.ts';
import { isActive } from '../showing/showing.policy.ts';
import { Users } from '../user.model.ts';
import { suspensionProblems } from './suspension.errors.ts';
import { suspensionInput } from './suspension.schema.ts';

/**
 * Suspends an account or lets it back in; again is nothing new. Its sessions are over because nobody who asks for its
 * roles gets any. Codes: user.not-found, user.not-yourself, user.only-by-admins.
 */
export const setAccountStatus = defineCommand({
  kind: 'user.account.set-status',
  pool: 'direct',
  input: suspensionInput,
  problems: [userProblems.notFound, suspensionProblems.notYourself, suspensionProblems.onlyByAdmins],
  key: ({ userId }) => `user.${userId}`,
  load: async (commands, reader) => {
    await reader.read(
      Users,
      commands.map(({ input }) => input.userId),
    );
  },
  identity: ({ userId, to, reason }) => ({ userId, to, reason }),
  decide: (state, { id, actor, input: { userId, to, reason, mayAdmins } }, now) => {
    const user = state.get(Users, userId);
    if (!user || user.status === 'erased') {
      return userProblems.notFound(`There is no user ${userId}`);
    }
    if (actor === userId) {
      return suspensionProblems.notYourself();
    }
    if (user.roles.includes('admin') && !mayAdmins) {
      return suspensionProblems.onlyByAdmins();
    }
    const result = { id: userId, status: to };
    if (isActive(user) === (to === 'active')) {
      return { result };
    }
    const event = to === 'active' ? userActivated : userSuspended;
    // Also for the day it is let back in: what was open before stays over.
    const work = to === 'active' ? [] : [endingOf(userId, { reason: 'account' }, id, now)];
    return {
      writes: [put(Users, { ...user, status: to, updatedAt: now, rev: user.rev + 1 })],
      // Nobody's feed: what moderators write about somebody is for those who may read any event.
      events: [
        event.draft({ subject: `user.${userId}`, audience: [], data: { userId, reason } }),
        actDone(id, { action: to === 'active' ? 'user.activate' : 'user.suspend', target: { user: userId, reason } }),
      ],
      work,
      result,
    };
  },
});
