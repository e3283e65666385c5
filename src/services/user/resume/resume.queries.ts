// A person's résumé as a caller may see it.
import type { z } from 'zod';
import { limits } from '#config/limits.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { Portfolios } from '../portfolio/portfolio.model.ts';
import { seenUser } from '../showing/showing.queries.ts';
import { visibleItems } from '../portfolio/portfolio.queries.ts';
import { visibleSkills } from '../skills/skills.queries.ts';
import { schemaAddress, sectionsOf } from './resume.policy.ts';
import type { resumeView } from './resume.schema.ts';

/** Somebody's items and skills that the caller may see, as a JSON Resume. @throws user.not-found */
export async function resumeFor(caller: Caller, userId: string): Promise<z.output<typeof resumeView>> {
  const { user, relation } = await seenUser(caller, userId);
  const [items, skills, portfolio] = await Promise.all([
    visibleItems(userId, relation),
    visibleSkills(userId, relation),
    Portfolios.native().findOne({ _id: userId }, { maxTimeMS: limits.mongoMs, projection: { updatedAt: 1 } }),
  ]);
  const lastModified = (portfolio?.updatedAt ?? user.createdAt).toISOString().slice(0, 19);
  const listed = skills.map(({ name, level, keywords }) => ({
    name,
    ...(level === undefined ? {} : { level }),
    ...(keywords === undefined ? {} : { keywords: [...keywords] }),
  }));
  return {
    $schema: schemaAddress,
    basics: { name: user.name },
    ...sectionsOf(items),
    ...(listed.length === 0 ? {} : { skills: listed }),
    meta: { version: 'v1.0.0', lastModified },
  };
}
