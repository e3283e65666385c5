// The writers of skills and endorsements. A person's list and the slugs they are found by are written together; an
// endorsement is a row of whoever gives it, so that many at once never write the same document.
import { defineCommand, put, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import type { EventDraft, Reader, Write } from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import { connectionIn, readConnection } from '../connections/index.ts';
import { isShown, mayShow } from '../showing/showing.policy.ts';
import { userProblems } from '../user.errors.ts';
import { Users, type User } from '../user.model.ts';
import { skillProblems } from './skills.errors.ts';
import { endorsementWithdrawn, skillAdded, skillEndorsed, skillRemoved } from './skills.events.ts';
import {
  endorsementId,
  Endorsements,
  SkillLists,
  type Endorsement,
  type Skill,
  type SkillList,
} from './skills.model.ts';
import { foundSlugs, mostSkills, movedTo, slugOf } from './skills.policy.ts';
import { presentGiven, presentOwnSkill } from './skills.presenter.ts';
import { addSkillInput, atSkillInput, changeSkillInput, endorseInput } from './skills.schema.ts';

/** Reads a person and their list: for `load`. */
export async function readSkillLists(reader: Reader, userIds: readonly string[]): Promise<void> {
  await Promise.all([reader.read(Users, userIds), reader.read(SkillLists, userIds)]);
}

/** The list of somebody that `readSkillLists` read; whoever has none has an empty one. */
export function skillListIn(state: State, userId: string): SkillList {
  return state.get(SkillLists, userId) ?? { _id: userId, skills: [], updatedAt: new Date(0), rev: -1 };
}

/** The writes that give somebody these skills: their list, and the slugs they are found by. */
export function skillWrites(user: User, before: SkillList, skills: readonly Skill[], now: Date): Write[] {
  const skillSlugs = foundSlugs(skills);
  const found = skillSlugs.join() === (user.skillSlugs ?? []).join();
  return [
    put(SkillLists, { _id: user._id, skills, updatedAt: now, rev: before.rev + 1 }),
    ...(found ? [] : [put(Users, { ...user, skillSlugs, updatedAt: now, rev: user.rev + 1 })]),
  ];
}

/** The event of a skill that is new in somebody's list. */
export function addedEvent(userId: string, { slug, name }: Skill): EventDraft {
  const feed = `user.${userId}`;
  return skillAdded.draft({ subject: feed, audience: [feed], data: { userId, slug, name } });
}

const keyOfOwner = ({ userId }: { readonly userId: string }): string => `user.${userId}`;
const loadOwners = async (commands: readonly Command<{ readonly userId: string }>[], reader: Reader): Promise<void> =>
  await readSkillLists(
    reader,
    commands.map(({ input }) => input.userId),
  );

/** Puts a skill into somebody's list. Codes: user.not-found, user.skill-taken, user.skills-full. */
export const addSkill = defineCommand({
  kind: 'user.skill.add',
  pool: 'direct',
  input: addSkillInput,
  problems: [userProblems.notFound, skillProblems.taken, skillProblems.full],
  key: (input) => keyOfOwner(input),
  load: async (commands, reader) => await loadOwners(commands, reader),
  decide: (state, { input }, now) => {
    const { userId, position, ...described } = input;
    const user = state.get(Users, userId);
    if (!user) {
      return userProblems.notFound();
    }
    const list = skillListIn(state, userId);
    const skill = withoutNulls({ slug: slugOf(described.name), ...described });
    if (list.skills.some(({ slug }) => slug === skill.slug)) {
      return skillProblems.taken(`The list has a skill ${skill.slug}`);
    }
    if (list.skills.length >= mostSkills) {
      return skillProblems.full();
    }
    const skills = movedTo([...list.skills, skill], list.skills.length, position ?? list.skills.length);
    return {
      writes: skillWrites(user, list, skills, now),
      events: [addedEvent(userId, skill)],
      result: presentOwnSkill(skill),
    };
  },
});

/** Changes a skill of somebody's list. Codes: user.skill-not-found, user.skill-taken. */
export const changeSkill = defineCommand({
  kind: 'user.skill.change',
  pool: 'direct',
  input: changeSkillInput,
  problems: [skillProblems.notFound, skillProblems.taken],
  key: (input) => keyOfOwner(input),
  load: async (commands, reader) => await loadOwners(commands, reader),
  decide: (state, { input }, now) => {
    const { userId, slug, change } = input;
    const user = state.get(Users, userId);
    const list = skillListIn(state, userId);
    const at = list.skills.findIndex((skill) => skill.slug === slug);
    const before = list.skills[at];
    if (!user || !before) {
      return skillProblems.notFound();
    }
    const { position, ...members } = change;
    // Another skill under the endorsements of this one would be a lie: what reads otherwise is a new skill.
    if (members.name !== undefined && slugOf(members.name) !== slug) {
      return skillProblems.taken('That name is another skill: add it, and remove this one');
    }
    const skill = withoutNulls({ ...before, ...members });
    const changed = list.skills.map((each, index) => (index === at ? skill : each));
    const skills = movedTo(changed, at, position ?? at);
    return { writes: skillWrites(user, list, skills, now), result: presentOwnSkill(skill) };
  },
});

/** The skill without the members that hold nothing. */
export function withoutNulls(skill: { readonly [Member in keyof Skill]: Skill[Member] | null | undefined }): Skill {
  return Object.fromEntries(
    Object.entries(skill).filter(([, value]) => value !== null && value !== undefined),
  ) as unknown as Skill;
}

/**
 * Takes a skill out of somebody's list. What others said of it stays theirs: it is seen again where the skill is.
 * Codes: user.skill-not-found.
 */
export const removeSkill = defineCommand({
  kind: 'user.skill.remove',
  pool: 'direct',
  input: atSkillInput,
  problems: [skillProblems.notFound],
  key: (input) => keyOfOwner(input),
  load: async (commands, reader) => await loadOwners(commands, reader),
  decide: (state, { input }, now) => {
    const user = state.get(Users, input.userId);
    const list = skillListIn(state, input.userId);
    const removed = list.skills.find(({ slug }) => slug === input.slug);
    if (!user || !removed) {
      return skillProblems.notFound();
    }
    const feed = `user.${user._id}`;
    const data = { userId: user._id, slug: removed.slug, name: removed.name };
    return {
      writes: skillWrites(
        user,
        list,
        list.skills.filter((skill) => skill !== removed),
        now,
      ),
      events: [skillRemoved.draft({ subject: feed, audience: [feed], data })],
      result: {},
    };
  },
});

const ownRow = ({ actor, input }: Command<{ readonly userId: string; readonly slug: string }>): string =>
  endorsementId(input.userId, input.slug, actor);

/**
 * Endorses a skill of a connection. Again it is the same endorsement, with the note of now.
 * Codes: user.endorsement-own, user.not-found, user.skill-not-found, user.endorsement-not-connected.
 */
export const endorseSkill = defineCommand({
  kind: 'user.skill.endorse',
  pool: 'direct',
  input: endorseInput,
  problems: [userProblems.notFound, skillProblems.ownSkill, skillProblems.notFound, skillProblems.notConnected],
  key: (input) => keyOfOwner(input),
  load: async (commands, reader) => {
    await Promise.all([
      loadOwners(commands, reader),
      reader.read(Endorsements, commands.map(ownRow)),
      ...commands.map(async ({ actor, input }) => await readConnection(reader, actor, input.userId)),
    ]);
  },
  decide: (state, command, now) => {
    const skill = endorsable(state, command);
    if (!('slug' in skill)) {
      return skill;
    }
    const { userId, slug, note } = command.input;
    const before = state.get(Endorsements, ownRow(command));
    const standing = before !== null && before.withdrawnAt === null;
    const after: Endorsement = {
      _id: ownRow(command),
      userId,
      slug,
      by: command.actor,
      ...(note === undefined ? {} : { note }),
      endorsedAt: standing ? before.endorsedAt : now,
      withdrawnAt: null,
      rev: (before?.rev ?? -1) + 1,
    };
    if (standing) {
      const same = before.note === note;
      return { ...(same ? {} : { writes: [put(Endorsements, after)] }), result: presentGiven(after), status: 200 };
    }
    const data = { userId, slug, name: skill.name, by: command.actor, first: before === null };
    return {
      writes: [put(Endorsements, after)],
      events: [skillEndorsed.draft({ subject: `user.${userId}`, audience: feedsOf(after), data })],
      result: presentGiven(after),
    };
  },
});

const feedsOf = ({ userId, by }: Endorsement): string[] => [`user.${userId}`, `user.${by}`];

/** The skill that the actor may endorse, or why not. */
function endorsable(state: State, { actor, input }: Command<{ userId: string; slug: string }>): Skill | AppError {
  const { userId, slug } = input;
  if (actor === userId) {
    return skillProblems.ownSkill();
  }
  const { connected, blocked } = connectionIn(state, actor, userId);
  const user = state.get(Users, userId);
  if (!user || !isShown(user) || blocked) {
    return userProblems.notFound();
  }
  const skill = skillListIn(state, userId).skills.find((each) => each.slug === slug);
  if (!skill || !mayShow(skill.visibility, connected ? 'connection' : 'member')) {
    return skillProblems.notFound();
  }
  return connected ? skill : skillProblems.notConnected();
}

/** Takes one's own endorsement back, whatever became of the connection meanwhile. Codes: user.endorsement-not-found. */
export const withdrawEndorsement = defineCommand({
  kind: 'user.skill.withdraw-endorsement',
  pool: 'direct',
  input: atSkillInput,
  problems: [skillProblems.notEndorsed],
  key: (input) => keyOfOwner(input),
  load: async (commands, reader) => {
    await reader.read(Endorsements, commands.map(ownRow));
  },
  decide: (state, command, now): Decision | AppError => {
    const before = state.get(Endorsements, ownRow(command));
    if (!before || before.withdrawnAt !== null) {
      return skillProblems.notEndorsed();
    }
    const { userId, slug, by } = before;
    const data = { userId, slug, by };
    return {
      writes: [put(Endorsements, { ...before, withdrawnAt: now, rev: before.rev + 1 })],
      events: [endorsementWithdrawn.draft({ subject: `user.${userId}`, audience: feedsOf(before), data })],
      result: {},
    };
  },
});
