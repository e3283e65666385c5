// The writers of views, and of whether they are counted.
import { defineCommand, insert, put } from '#src/platform/commands/command.ts';
import { retention } from '#config/retention.ts';
import { connectionIn, readConnection } from '../connections/index.ts';
import { userProblems } from '../user.errors.ts';
import { isShown } from '../showing/showing.policy.ts';
import { Users } from '../user.model.ts';
import { AnalyticsChoices, ProfileViews } from './activity.model.ts';
import { chooseInput, viewInput } from './activity.schema.ts';

const today = (at: Date): string => at.toISOString().slice(0, 10);
const viewId = (userId: string, day: string, viewer: string): string => `${userId}.${day}.${viewer}`;

/** Chooses whether visitors are counted. Codes: user.not-found. */
export const chooseViews = defineCommand({
  kind: 'user.views.choose',
  pool: 'direct',
  input: chooseInput,
  problems: [userProblems.notFound],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => {
    const ids = commands.map(({ input }) => input.userId);
    await Promise.all([reader.read(Users, ids), reader.read(AnalyticsChoices, ids)]);
  },
  decide: (state, { input: { userId, counted } }) => {
    if (!state.get(Users, userId)) {
      return userProblems.notFound();
    }
    const rev = (state.get(AnalyticsChoices, userId)?.rev ?? -1) + 1;
    return { writes: [put(AnalyticsChoices, { _id: userId, viewsCounted: counted, rev })], result: { counted } };
  },
});

/**
 * Notes that somebody looked at a person: once a day for each who looks, not for oneself, and not where the person
 * does not want it. Not recorded: who looked at whom is nobody's to read. Codes: user.not-found.
 */
export const noteView = defineCommand({
  kind: 'user.view.note',
  pool: 'direct',
  recorded: false,
  input: viewInput,
  problems: [userProblems.notFound],
  key: () => 'user.views',
  load: async (commands, reader) => {
    const ids = commands.map(({ input }) => input.userId);
    await Promise.all([
      reader.read(Users, ids),
      reader.read(AnalyticsChoices, ids),
      reader.read(
        ProfileViews,
        // A view near midnight may be decided on the next day.
        commands.flatMap(({ input: { userId, viewer } }) =>
          [0, 86_400_000].map((later) => viewId(userId, today(new Date(Date.now() + later)), viewer)),
        ),
      ),
      ...commands.map(async ({ actor, input }) => await readConnection(reader, actor, input.userId)),
    ]);
  },
  decide: (state, { actor, input: { userId, viewer } }, now) => {
    const user = state.get(Users, userId);
    if (!user || connectionIn(state, actor, userId).blocked || !(isShown(user) || actor === userId)) {
      return userProblems.notFound();
    }
    const counted = state.get(AnalyticsChoices, userId)?.viewsCounted ?? true;
    const day = today(now);
    const _id = viewId(userId, day, viewer);
    if (actor === userId || !counted || state.get(ProfileViews, _id)) {
      return { result: {} };
    }
    const expireAt = new Date(now.getTime() + retention.profileViewsMs);
    return { writes: [insert(ProfileViews, { _id, userId, day, expireAt })], result: {} };
  },
});
