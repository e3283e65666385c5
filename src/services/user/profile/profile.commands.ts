// Changes of what people say of themselves, and of for whom it is.
import { defineCommand, put } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import { namePrefixesOf, placePrefixesOf } from '../search/search.policy.ts';
import { userProblems } from '../user.errors.ts';
import { userUpdated } from '../user.events.ts';
import { nameKeyOf, Users, type User } from '../user.model.ts';
import { presentUser } from '../user.presenter.ts';
import { updateInput, type UpdateInput } from '../user.schema.ts';
import { privacyOf } from './profile.policy.ts';
import type { Privacy, Profile } from './profile.schema.ts';

/** The user with a change: what is named is set, null takes it away. What search compares follows. */
function changed(user: User, { name = user.name, privacy, ...fields }: UpdateInput['change'], now: Date): User {
  const said = Object.entries({ ...user.profile, ...fields }).filter(([, value]) => value !== null);
  const next = {
    ...user,
    name,
    profile: Object.fromEntries(said) as Profile,
    privacy: { ...user.privacy, ...privacy } as Partial<Privacy>,
  };
  return {
    ...next,
    nameKey: nameKeyOf(name),
    namePrefixes: namePrefixesOf(name),
    placePrefixes: placePrefixesOf(next),
    updatedAt: now,
    rev: user.rev + 1,
  };
}

/**
 * Changes a profile, its privacy or both; answers with the user as they see themselves, their privacy and the revision.
 * Codes: user.not-found, request.precondition-failed where it is at another revision.
 */
export const updateUserCommand = defineCommand<UpdateInput>({
  kind: 'user.profile.update',
  pool: 'direct',
  input: updateInput,
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
    const next = changed(user, change, now);
    return {
      writes: [put(Users, next)],
      events: [
        userUpdated.draft({
          subject: `user.${userId}`,
          audience: [`user.${userId}`],
          data: { userId, fields: Object.keys(change).toSorted() },
        }),
      ],
      result: { user: presentUser(next, 'self'), privacy: privacyOf(next), rev: next.rev },
    };
  },
});
