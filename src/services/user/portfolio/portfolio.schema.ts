// Inputs and outputs of portfolios.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { userId } from '../user.schema.ts';
import { itemKinds } from './portfolio.model.ts';
import { levels } from '../showing/showing.policy.ts';
import { isDate, mostItems } from './portfolio.policy.ts';

const line = (most: number) =>
  z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters');

const text = (most: number) =>
  z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(most)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u, 'May hold no control characters but tabs and line breaks');

/**
 * An address that is safe to be put into a page as a link: http, https or mailto, and none of the signs that end an
 * attribute. Other scripts than Latin are encoded, as RFC 3986 asks.
 */
export const link = z
  .string()
  .trim()
  .max(2_000)
  .regex(/^(?:https?:\/\/|mailto:)[^\s\p{Cc}\p{Cs}"'<>\\^`{|}]+$/iu, 'Must be an http, https or mailto address')
  .refine((address) => URL.canParse(address), 'Must be an http, https or mailto address')
  .transform((address) => (/^[\x21-\x7e]+$/u.test(address) ? address : new URL(address).href));

/** A date as exact as it is known. */
export const partialDate = z
  .string()
  .max(10)
  .regex(/^[12]\d{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?$/u, 'Must be YYYY, YYYY-MM or YYYY-MM-DD')
  .refine(isDate, 'There is no such day');

/** What an item may say, each member by itself. */
export const itemFields = {
  title: line(200),
  organisation: line(200),
  url: link,
  start: partialDate,
  end: partialDate,
  summary: text(5_000),
  highlights: z.array(text(1_000)).max(50),
  skills: z.array(line(80)).max(50),
  location: line(200),
  description: text(5_000),
  area: line(200),
  score: line(200),
  roles: z.array(line(100)).max(20),
  category: line(100),
} as const;

const position = z
  .int()
  .min(0)
  .max(mostItems - 1)
  .describe('Place in the portfolio, counted from 0; at the end if left out');

const saying = z.strictObject(itemFields).partial();
const kind = z.enum(itemKinds);
const visibility = z.enum(levels);

/** `POST /api/users/:id/portfolio`. */
export const newItem = saying.extend({
  kind,
  visibility: visibility.default('members'),
  position: position.optional(),
});

/** `PATCH /api/users/:id/portfolio/:item`: what is named is changed, `null` takes it away. */
export const itemChange = z.strictObject({
  ...Object.fromEntries(Object.entries(itemFields).map(([name, schema]) => [name, schema.nullable().optional()])),
  visibility: visibility.optional(),
  position: position.optional(),
});

const itemId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'Not the id of an item');

/** Paths and queries of portfolios. */
export const portfolioOf = z.strictObject({ id: userId });
export const itemAt = z.strictObject({ id: userId, item: itemId });
export const listItems = pageQuery.extend({ kind: kind.optional() });

/** What the commands take. */
export const addItemInput = newItem.extend({ userId });
export const changeItemInput = z.strictObject({ userId, item: itemId, change: itemChange });
export const removeItemInput = z.strictObject({ userId, item: itemId });
export const importedItem = saying.extend({ kind });

const said = (names: readonly (keyof typeof itemFields)[]) =>
  Object.fromEntries(
    names.map((name) => [name, (itemFields[name] instanceof z.ZodArray ? z.array(z.string()) : z.string()).optional()]),
  );

/** An item as others see it. */
export const itemView = z
  .strictObject({
    id: z.string(),
    kind,
    ...said(Object.keys(itemFields) as (keyof typeof itemFields)[]),
    visibility: visibility.optional().describe('For its owner alone'),
  })
  .meta({ id: 'PortfolioItem' });

/** A page of a portfolio. */
export const itemPage = pageOf(itemView);
