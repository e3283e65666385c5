// Reads of skills and of who endorsed them. Endorsements of people between whom and the owner a block stands are kept
// and neither shown nor counted; they are back when the block is lifted.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { blockedPeers } from '../connections/connections.queries.ts';
import { mayShow, type Relation } from '../showing/showing.policy.ts';
import { namesOf, seenUser } from '../showing/showing.queries.ts';
import { skillProblems } from './skills.errors.ts';
import { Endorsements, SkillLists, type Skill } from './skills.model.ts';
import { presentEndorsement, presentSkill } from './skills.presenter.ts';
import type { endorsementView, SkillView } from './skills.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** The skills of somebody that one of this relation may see, in their owner's order. */
export async function visibleSkills(userId: string, relation: Relation): Promise<Skill[]> {
  const list = await SkillLists.native().findOne({ _id: userId }, bounded);
  return (list?.skills ?? []).filter(({ visibility }) => mayShow(visibility, relation));
}

interface Counted {
  readonly _id: string;
  readonly endorsements: number;
  readonly own: number;
}

async function countEndorsements(userId: string, caller: Caller): Promise<Map<string, Counted>> {
  const rows = await Endorsements.native()
    .aggregate<Counted>(
      [
        { $match: { userId, withdrawnAt: null, by: { $nin: await blockedPeers(userId) } } },
        {
          $group: {
            _id: '$slug',
            endorsements: { $sum: 1 },
            own: { $sum: { $cond: [{ $eq: ['$by', caller.userId] }, 1, 0] } },
          },
        },
      ],
      bounded,
    )
    .toArray();
  return new Map(rows.map((row) => [row._id, row]));
}

/** All skills of somebody that the caller may see, with their endorsements as of now. @throws user.not-found */
export async function skillsFor(caller: Caller, userId: string): Promise<Page<SkillView> & { asOf: string }> {
  const { relation } = await seenUser(caller, userId);
  const [skills, counts] = await Promise.all([visibleSkills(userId, relation), countEndorsements(userId, caller)]);
  const data = skills.map((skill) => {
    const counted = counts.get(skill.slug);
    const endorsements = counted?.endorsements ?? 0;
    return presentSkill(skill, relation, { endorsements, endorsedByYou: (counted?.own ?? 0) > 0 });
  });
  return { data, page: { nextCursor: null, hasMore: false }, asOf: new Date().toISOString() };
}

const place = z.tuple([z.string(), z.string(), z.iso.datetime(), z.string()]);

/**
 * Who endorsed a skill, the newest first. Left out are people between whom and the owner or the caller a block stands, and
 * those whose account is hidden, so that a page can be short although there is more.
 * @throws user.not-found, user.skill-not-found, request.invalid for a cursor of another list
 */
export async function endorsementsFor(
  caller: Caller,
  { id, slug }: { readonly id: string; readonly slug: string },
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<z.output<typeof endorsementView>>> {
  const { relation } = await seenUser(caller, id);
  const skills = await visibleSkills(id, relation);
  if (!skills.some((skill) => skill.slug === slug)) {
    throw skillProblems.notFound();
  }
  const hidden = [...(await blockedPeers(id)), ...(await blockedPeers(caller.userId))];
  const purpose = `endorsements.${id}.${slug}`;
  const after = query.cursor === undefined ? null : place.parse(decodeCursor(purpose, query.cursor));
  const rows = await Endorsements.native()
    .find({ userId: id, slug, withdrawnAt: null, by: { $nin: hidden }, ...beyond(after) }, bounded)
    .sort({ endorsedAt: -1, _id: -1 })
    .limit(query.limit + 1)
    .toArray();
  const names = await namesOf(
    rows.map(({ by }) => by),
    caller,
  );
  const { data, page } = toPage(
    rows,
    query.limit,
    (row) => ({ row, name: names.get(row.by) }),
    ({ _id, endorsedAt }) => encodeCursor(purpose, [id, slug, endorsedAt.toISOString(), _id]),
  );
  return { data: data.flatMap(({ row, name }) => (name === undefined ? [] : [presentEndorsement(row, name)])), page };
}

function beyond(after: z.output<typeof place> | null): object {
  if (!after) {
    return {};
  }
  const endorsedAt = new Date(after[2]);
  return { $or: [{ endorsedAt: { $lt: endorsedAt } }, { endorsedAt, _id: { $lt: after[3] } }] };
}
