// The writer of imported résumés: portfolio and skills in one decision.
import { defineCommand, type Write } from '#src/platform/commands/command.ts';
import { canonicalJson } from '#src/platform/ids.ts';
import { portfolioIn, portfolioWrite } from '../portfolio/portfolio.commands.ts';
import { portfolioProblems } from '../portfolio/portfolio.errors.ts';
import { resumeImported } from '../portfolio/portfolio.events.ts';
import { Portfolios, type Item } from '../portfolio/portfolio.model.ts';
import { fits, mergeItems } from '../portfolio/portfolio.policy.ts';
import { addedEvent, readSkillLists, skillListIn, skillWrites, withoutNulls } from '../skills/skills.commands.ts';
import { skillProblems } from '../skills/skills.errors.ts';
import type { Skill } from '../skills/skills.model.ts';
import { mostSkills, slugOf } from '../skills/skills.policy.ts';
import { userProblems } from '../user.errors.ts';
import { Users } from '../user.model.ts';
import { importInput } from './resume.schema.ts';

/**
 * Lays a résumé over somebody's portfolio and skills. Nothing is removed; the same one again changes nothing.
 * Codes: user.not-found, user.portfolio-full, user.skills-full.
 */
export const importResume = defineCommand({
  kind: 'user.resume.import',
  pool: 'direct',
  input: importInput,
  problems: [userProblems.notFound, portfolioProblems.full, skillProblems.full],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => {
    const ids = commands.map(({ input }) => input.userId);
    await Promise.all([readSkillLists(reader, ids), reader.read(Portfolios, ids)]);
  },
  decide: (state, { id, input }, now) => {
    const { userId } = input;
    const user = state.get(Users, userId);
    if (!user) {
      return userProblems.notFound();
    }
    const portfolio = portfolioIn(state, userId);
    const items = mergeItems(portfolio.items, input.items.map(itemOf), (index) => `${id}-${index}`);
    if (!fits(items.items)) {
      return portfolioProblems.full();
    }
    const list = skillListIn(state, userId);
    const skills = mergeSkills(list.skills, input.skills);
    if (skills.all.length > mostSkills) {
      return skillProblems.full();
    }
    const writes: Write[] = [
      ...(items.added + items.changed > 0 ? [portfolioWrite(portfolio, items.items, now)] : []),
      ...(skills.added.length + skills.changed > 0 ? skillWrites(user, list, skills.all, now) : []),
    ];
    const feed = `user.${userId}`;
    const data = { userId, added: items.added, changed: items.changed, skills: skills.added.length };
    const imported = resumeImported.draft({ subject: feed, audience: [feed], data });
    return {
      writes,
      events: writes.length === 0 ? [] : [imported, ...skills.added.map((skill) => addedEvent(userId, skill))],
      result: {
        items: { added: items.added, changed: items.changed, unchanged: items.unchanged },
        skills: { added: skills.added.length, changed: skills.changed, unchanged: skills.unchanged },
      },
    };
  },
});

function itemOf(item: object): Omit<Item, 'id' | 'visibility'> {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as unknown as Item;
}

/** The list with imported skills: what they say of one that is there replaces what was said; others come at the end. */
function mergeSkills(
  before: readonly Skill[],
  imported: readonly { name: string; level?: Skill['level'] | undefined; keywords?: readonly string[] | undefined }[],
): { all: readonly Skill[]; added: Skill[]; changed: number; unchanged: number } {
  const all = new Map(before.map((skill) => [skill.slug, skill]));
  const added: Skill[] = [];
  let changed = 0;
  const distinct = new Map(imported.map((skill) => [slugOf(skill.name), skill]));
  for (const [slug, said] of distinct) {
    const there = all.get(slug);
    const level = said.level ?? there?.level;
    const keywords = said.keywords ?? there?.keywords;
    const after = withoutNulls({
      visibility: 'members',
      ...there,
      slug,
      name: there?.name ?? said.name,
      level,
      keywords,
    });
    all.set(slug, after);
    if (!there) {
      added.push(after);
    } else if (canonicalJson(there) !== canonicalJson(after)) {
      changed += 1;
    }
  }
  return { all: [...all.values()], added, changed, unchanged: distinct.size - added.length - changed };
}
