// The paths of settings: one's own, and nobody else's.
import { z } from 'zod';
import { problems } from '#src/platform/errors.ts';
import { givesTag, ifMatch, requireIfMatch, withTag } from '#src/platform/http/etag.ts';
import { defineRoute, type Caller, type Route } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';
import type { User } from '../user.model.ts';
import { findUser } from '../user.queries.ts';
import { userParams } from '../user.schema.ts';
import { changeSettings } from './settings.commands.ts';
import { settingsOf } from './settings.policy.ts';
import { settingsChange, settingsShape } from './settings.schema.ts';

const changed = z.object({ settings: settingsShape, rev: z.int() });

async function ownAccount(caller: Caller, id: string): Promise<User> {
  const user = caller.userId === id ? await findUser(id) : null;
  if (!user) {
    throw userProblems.notFound(`There is no user ${id} whose settings you may see`);
  }
  return user;
}

/** The routes of settings. */
export const settingsRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/users/:id/settings',
    summary: 'Your settings',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    output: settingsShape,
    givesHeaders: givesTag,
    problems: [userProblems.notFound],
    handle: async ({ params: { id }, caller }) => {
      const user = await ownAccount(caller, id);
      return withTag({ status: 200, body: settingsOf(user) }, { id, rev: user.rev });
    },
  }),
  defineRoute({
    method: 'put',
    path: '/api/users/:id/settings',
    summary: 'Change your settings; what is not named stays',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    body: settingsChange,
    output: settingsShape,
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    commands: [changeSettings],
    problems: [userProblems.notFound, problems.preconditionFailed, problems.preconditionRequired],
    handle: async ({ params: { id }, body: change, caller, header, submit }) => {
      const user = await ownAccount(caller, id);
      const expectRev = requireIfMatch(header('if-match'), { id, rev: user.rev });
      const answer = await submit(changeSettings, { userId: id, expectRev, change });
      const { settings, rev } = changed.parse(answer.body);
      return withTag({ ...answer, body: settings }, { id, rev });
    },
  }),
];
