// Inputs and outputs of skills and endorsements.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { levels } from '../showing/showing.policy.ts';
import { userId } from '../user.schema.ts';
import { skillLevels } from './skills.model.ts';
import { mostSkills, slugOf } from './skills.policy.ts';

/** The name of a skill: on one line, with something in it that a slug can be made of. */
export const skillName = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters')
  .refine((name) => slugOf(name) !== '', 'Needs a letter or a digit');

/** A slug as it stands in paths and filters. Spoken signs make it longer than the name. */
export const skillSlug = z
  .string()
  .normalize('NFC')
  .min(1)
  .max(600)
  .regex(/^[\p{L}\p{M}\p{N}]+(?:-[\p{L}\p{M}\p{N}]+)*$/u, 'Not the slug of a skill');

export const described = {
  level: z.enum(skillLevels),
  years: z.int().min(0).max(80),
  keywords: z.array(skillName).max(50),
};

const position = z
  .int()
  .min(0)
  .max(mostSkills - 1)
  .describe('Place in the list, counted from 0; at the end if left out');

/** `POST /api/users/:id/skills`. */
export const newSkill = z.strictObject({
  name: skillName,
  level: described.level.optional(),
  years: described.years.optional(),
  keywords: described.keywords.optional(),
  visibility: z.enum(levels).default('members'),
  position: position.optional(),
});

/** `PATCH /api/users/:id/skills/:slug`: what is named is changed, `null` takes it away. The slug stays what it is. */
export const skillChange = z.strictObject({
  name: skillName.optional(),
  level: described.level.nullable().optional(),
  years: described.years.nullable().optional(),
  keywords: described.keywords.nullable().optional(),
  visibility: z.enum(levels).optional(),
  position: position.optional(),
});

const note = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(500)
  .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u, 'May hold no control characters but tabs and line breaks');

/** `POST /api/users/:id/skills/:slug/endorsements`. */
export const newEndorsement = z.strictObject({ note: note.optional() });

/** Paths of skills. */
export const skillsOf = z.strictObject({ id: userId });
export const skillAt = z.strictObject({ id: userId, slug: skillSlug });

/** What the commands take. */
export const addSkillInput = newSkill.extend({ userId });
export const changeSkillInput = z.strictObject({ userId, slug: skillSlug, change: skillChange });
export const atSkillInput = z.strictObject({ userId, slug: skillSlug });
export const endorseInput = newEndorsement.extend({ userId, slug: skillSlug });

/** A skill as others see it. */
export const skillView = z
  .strictObject({
    slug: z.string(),
    name: z.string(),
    level: z.enum(skillLevels).optional(),
    years: z.int().optional(),
    keywords: z.array(z.string()).optional(),
    visibility: z.enum(levels).optional().describe('For its owner alone'),
    endorsements: z.int().describe('By how many people'),
    endorsedByYou: z.boolean(),
  })
  .meta({ id: 'Skill' });
export type SkillView = z.output<typeof skillView>;

/** A skill as the command that wrote it answers: to its owner, without what others did. */
export const ownSkillView = skillView.omit({ endorsements: true, endorsedByYou: true }).meta({ id: 'OwnSkill' });

/** All skills of somebody; `asOf` is when the endorsements were counted. */
export const skillPage = pageOf(skillView).extend({ asOf: z.iso.datetime() });

/** An endorsement as others see it. */
export const endorsementView = z
  .strictObject({
    by: z.strictObject({ id: z.string(), name: z.string() }),
    note: z.string().optional(),
    endorsedAt: z.iso.datetime(),
  })
  .meta({ id: 'Endorsement' });

/** An endorsement as whoever gave it gets it. */
export const givenEndorsement = z
  .strictObject({
    userId: z.string(),
    slug: z.string(),
    by: z.string(),
    note: z.string().optional(),
    endorsedAt: z.iso.datetime(),
  })
  .meta({ id: 'GivenEndorsement' });

/** `GET /api/users/:id/skills/:slug/endorsements`. */
export const endorsementQuery = pageQuery;
export const endorsementPage = pageOf(endorsementView);
