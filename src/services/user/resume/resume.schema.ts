// A JSON Resume as it is taken and given. Types are held to; members nobody knows are left alone, as its schema says.
import { z } from 'zod';
import { itemKinds, type ItemFields } from '../portfolio/portfolio.model.ts';
import { mostItems } from '../portfolio/portfolio.policy.ts';
import { importedItem, itemFields } from '../portfolio/portfolio.schema.ts';
import { mostSkills } from '../skills/skills.policy.ts';
import { described, skillName } from '../skills/skills.schema.ts';
import { userId } from '../user.schema.ts';
import { sections } from './resume.policy.ts';

/** Résumés of the world leave empty texts where they have nothing: those say nothing. */
const orNothing = (schema: z.ZodType) => z.union([z.literal(''), schema]).optional();
const some = z.string().max(5_000).optional();

const taken = itemKinds.map((kind): [string, z.ZodType] => {
  const members = Object.entries(sections[kind].names).map(([member, name]): [string, z.ZodType] => [
    name,
    orNothing(itemFields[member as keyof ItemFields]),
  ]);
  return [
    sections[kind].section,
    z
      .array(z.object(Object.fromEntries(members)))
      .max(mostItems)
      .optional(),
  ];
});

/** `POST /api/users/:id/resume`. */
export const resumeBody = z.object({
  $schema: some,
  basics: z
    .object({
      name: some,
      label: some,
      image: some,
      email: some,
      phone: some,
      url: some,
      summary: some,
      location: z.object({ address: some, postalCode: some, city: some, countryCode: some, region: some }).optional(),
      profiles: z
        .array(z.object({ network: some, username: some, url: some }))
        .max(100)
        .optional(),
    })
    .optional(),
  ...Object.fromEntries(taken),
  skills: z
    .array(
      z.object({
        name: orNothing(skillName),
        level: z.string().max(100).optional(),
        keywords: described.keywords.optional(),
      }),
    )
    .max(200)
    .optional(),
  meta: z.object({ canonical: some, version: some, lastModified: some }).optional(),
});

/** What the command takes: items and skills that were found in it. */
export const importInput = z.strictObject({
  userId,
  items: z.array(importedItem).max(mostItems * itemKinds.length),
  skills: z
    .array(
      z.strictObject({
        name: skillName,
        level: described.level.optional(),
        keywords: described.keywords.optional(),
      }),
    )
    .max(200),
});

/** What an import came to. */
export const importView = z
  .strictObject({
    items: z.strictObject({ added: z.int(), changed: z.int(), unchanged: z.int() }),
    skills: z.strictObject({ added: z.int(), changed: z.int(), unchanged: z.int() }),
    ignored: z.array(z.string()).describe('What of it has no place here, as pointers'),
  })
  .meta({ id: 'ResumeImport' });

const given = itemKinds.map((kind): [string, z.ZodType] => {
  const members = Object.entries(sections[kind].names).map(([member, name]): [string, z.ZodType] => {
    const isList = itemFields[member as keyof ItemFields] instanceof z.ZodArray;
    return [name, (isList ? z.array(z.string()) : z.string()).optional()];
  });
  return [sections[kind].section, z.array(z.strictObject(Object.fromEntries(members))).optional()];
});

/** `GET /api/users/:id/resume`. */
export const resumeView = z
  .strictObject({
    $schema: z.string(),
    basics: z.strictObject({ name: z.string(), label: z.string().optional(), summary: z.string().optional() }),
    ...Object.fromEntries(given),
    skills: z
      .array(
        z.strictObject({ name: z.string(), level: z.string().optional(), keywords: z.array(z.string()).optional() }),
      )
      .max(mostSkills)
      .optional(),
    meta: z.strictObject({ version: z.string(), lastModified: z.string() }),
  })
  .meta({ id: 'Resume', description: 'A JSON Resume, schema 1.0.0' });

/** Path of a résumé. */
export const resumeOf = z.strictObject({ id: userId });
