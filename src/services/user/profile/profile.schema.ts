// What a person says of themselves, and for whom each part of it is.
import { z } from 'zod';
import { isTimeZone } from '#src/platform/schedules/zone.ts';
import { level } from '../showing/showing.policy.ts';

const clean = /^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u;
const line = (max: number) =>
  z.string().trim().normalize('NFC').min(1).max(max).regex(clean, 'May hold no control characters');
const text = (max: number) =>
  z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(max)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\n])*$/u, 'May hold no control characters but tabs and line ends');

/** True for an address of the web that carries no credentials. */
function isWebAddress(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && /^https?:$/u.test(url.protocol) && url.username === '' && url.password === '';
}

const link = z.strictObject({
  label: line(50).optional(),
  url: z
    .string()
    .max(300)
    .regex(/^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/u, 'An address that begins with https:// or http://')
    .refine(isWebAddress, 'Not an address of the web'),
});

const language = z.strictObject({
  code: z
    .string()
    .max(35)
    .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/u, 'A language tag such as en or pt-BR'),
  level: z.enum(['A1', 'A2', 'B1', 'B2', 'C1', 'C2', 'native']).optional(),
});

/** The name of a time zone (IANA), as far as this system knows it. */
export const timeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+\-/]*$/u, 'A name such as Europe/Berlin')
  .refine(isTimeZone, 'There is no such time zone');

const unique = (values: readonly string[]): boolean =>
  new Set(values.map((value) => value.toLowerCase())).size === values.length;

/** Every part of a profile beside the name. */
export const profileFields = {
  headline: line(120),
  bio: text(2_000),
  location: z.strictObject({
    place: line(100),
    country: z
      .string()
      .max(2)
      .regex(/^[A-Z]{2}$/u, 'Two capital letters, ISO 3166-1')
      .optional(),
  }),
  links: z.array(link).max(10),
  interests: z.array(line(50)).max(20).refine(unique, 'Names something twice'),
  languages: z
    .array(language)
    .max(20)
    .refine((list) => unique(list.map(({ code }) => code)), 'Names a language twice'),
  pronouns: line(40),
  timezone: timeZone,
  availability: z.strictObject({
    state: z.enum(['open', 'limited', 'closed']),
    hoursPerWeek: z.int().min(0).max(168).optional(),
    note: line(200).optional(),
  }),
} as const;

/** A profile as it is kept and shown: what was never said is missing. */
export const profileShape = z.strictObject(profileFields).partial();
export type Profile = z.output<typeof profileShape>;

/** A change of a profile: what is named is set, null takes it away, the rest stays. */
export const profileChange = z
  .strictObject({
    headline: profileFields.headline.nullable(),
    bio: profileFields.bio.nullable(),
    location: profileFields.location.nullable(),
    links: profileFields.links.nullable(),
    interests: profileFields.interests.nullable(),
    languages: profileFields.languages.nullable(),
    pronouns: profileFields.pronouns.nullable(),
    timezone: profileFields.timezone.nullable(),
    availability: profileFields.availability.nullable(),
  })
  .partial();

/** Every part whose owner says for whom it is. */
export const privacyShape = z
  .strictObject({
    email: level,
    headline: level,
    bio: level,
    location: level,
    links: level,
    interests: level,
    languages: level,
    pronouns: level,
    timezone: level,
    availability: level,
  })
  .meta({ id: 'Privacy' });
export type Privacy = z.output<typeof privacyShape>;
export type PrivateField = keyof Privacy;

/** A change of it: what is not named stays. */
export const privacyChange = privacyShape.partial();
