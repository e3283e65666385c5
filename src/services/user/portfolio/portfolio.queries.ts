// Reads of portfolios.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { mayShow, type Relation } from '../showing/showing.policy.ts';
import { seenUser } from '../showing/showing.queries.ts';
import { portfolioProblems } from './portfolio.errors.ts';
import { Portfolios, type Item, type ItemKind } from './portfolio.model.ts';
import { presentItem } from './portfolio.presenter.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** The items of somebody that one of this relation may see, in their owner's order. */
export async function visibleItems(userId: string, relation: Relation): Promise<Item[]> {
  const portfolio = await Portfolios.native().findOne({ _id: userId }, bounded);
  return (portfolio?.items ?? []).filter(({ visibility }) => mayShow(visibility, relation));
}

const place = z.strictObject({ id: z.string(), at: z.int() });

/** A page of somebody's items that the caller may see. @throws user.not-found, request.invalid for another list's cursor */
export async function itemsFor(
  caller: Caller,
  userId: string,
  query: { readonly kind?: ItemKind | undefined; readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<ReturnType<typeof presentItem>>> {
  const { relation } = await seenUser(caller, userId);
  const purpose = `portfolio.${userId}.${query.kind ?? ''}`;
  const items = (await visibleItems(userId, relation)).filter(
    ({ kind }) => query.kind === undefined || kind === query.kind,
  );
  const after = query.cursor === undefined ? null : place.parse(decodeCursor(purpose, query.cursor));
  const found = after ? items.findIndex(({ id }) => id === after.id) : -1;
  // Behind the last one that was shown, or, where it is gone, at its place.
  const start = after && found < 0 ? after.at : found + 1;
  return toPage(
    items.slice(start, start + query.limit + 1),
    query.limit,
    (item) => presentItem(item, relation),
    (item) => encodeCursor(purpose, { id: item.id, at: items.indexOf(item) }),
  );
}

/** One item that the caller may see. @throws user.not-found, user.portfolio-item-not-found */
export async function itemFor(caller: Caller, userId: string, id: string): Promise<ReturnType<typeof presentItem>> {
  const { relation } = await seenUser(caller, userId);
  const item = (await visibleItems(userId, relation)).find((each) => each.id === id);
  if (!item) {
    throw portfolioProblems.notFound();
  }
  return presentItem(item, relation);
}
