// The paths of deletions.
import { endSessionsOf } from '#src/platform/auth/session-endings.ts';
import { requireStepUp, stepUpRequired } from '#src/platform/auth/step-up.ts';
import { defineRoute, type Caller, type Route } from '#src/platform/http/route.ts';
import { personalData } from '#src/platform/personal/personal.ts';
import { userProblems } from '../user.errors.ts';
import { askDeletion, undoDeletion } from './deletion.commands.ts';
import { deletionProblems } from './deletion.errors.ts';
import { deletionView, ofUser } from './deletion.schema.ts';

function mayDelete(caller: Caller, id: string): void {
  if (caller.userId !== id && !caller.can('user.delete.any')) {
    throw userProblems.notFound(`There is no user ${id} for you`);
  }
}

/** The routes of deletions. */
export const deletionRoutes: readonly Route[] = [
  defineRoute({
    method: 'delete',
    path: '/api/users/:id',
    summary: 'Have an account deleted in fourteen days; until then it can be taken back',
    auth: 'user',
    scope: 'owner',
    params: ofUser,
    output: deletionView,
    commands: [askDeletion],
    problems: [deletionProblems.held, stepUpRequired],
    handle: async ({ params: { id }, caller, submit }) => {
      mayDelete(caller, id);
      await requireStepUp(caller);
      const reasons = [...personalData.values()].map(async (part) => (await part.holds?.(id)) ?? null);
      const held = (await Promise.all(reasons)).find((reason) => reason !== null) ?? null;
      if (held !== null) {
        throw deletionProblems.held(held);
      }
      const except = caller.userId === id ? { except: caller.sessionId } : {};
      const answer = await submit(askDeletion, { userId: id, ...except });
      await endSessionsOf(id, { ...except, reason: 'account' });
      return answer;
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/users/:id/restore',
    summary: 'Take the deletion of an account back',
    auth: 'user',
    scope: 'owner',
    params: ofUser,
    output: deletionView,
    commands: [undoDeletion],
    handle: async ({ params: { id }, caller, submit }) => {
      mayDelete(caller, id);
      return await submit(undoDeletion, { userId: id });
    },
  }),
];
