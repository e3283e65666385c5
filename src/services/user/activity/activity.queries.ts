// What somebody did and what concerns them, read from the events, and figures of it by day. Figures are counted when
// they are asked for, over an index by person and time: a day is another one in each zone, so rows that were summed up
// by day before would be wrong for all zones but one.
import { mongo } from 'mongoose';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { Events, type StoredEvent } from '#src/platform/events/event.ts';
import { decodeCursor, encodeCursor, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { blockedPeers } from '../connections/connections.queries.ts';
import { connectionAccepted } from '../connections/connections.events.ts';
import { visibleItems } from '../portfolio/portfolio.queries.ts';
import type { Relation } from '../showing/showing.policy.ts';
import { namesOf, seenUser } from '../showing/showing.queries.ts';
import { Endorsements } from '../skills/skills.model.ts';
import { visibleSkills } from '../skills/skills.queries.ts';
import { AnalyticsChoices, ProfileViews } from './activity.model.ts';
import { dayAfter, dayIn, daysBetween, isShown, shownTypes, spanOf, type Shown } from './activity.policy.ts';
import { isRange, type AnalyticsView } from './activity.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** Those of whom events tell and who are nobody to the caller: a block, or a hidden account. */
async function nobodies(caller: Caller, events: readonly StoredEvent[]): Promise<string[]> {
  const named = events.flatMap(({ data }) => (typeof data['by'] === 'string' ? [data['by']] : []));
  const names = named.length === 0 ? new Map<string, string>() : await namesOf(named, caller);
  return named.filter((id) => !names.has(id));
}

async function shownOf(
  caller: Caller,
  userId: string,
  relation: Relation,
  events: readonly StoredEvent[],
): Promise<Shown> {
  const [skills, items, ...hidden] = await Promise.all([
    visibleSkills(userId, relation),
    visibleItems(userId, relation),
    blockedPeers(userId),
    nobodies(caller, events),
  ]);
  return {
    slugs: new Set(skills.map(({ slug }) => slug)),
    items: new Set(items.map(({ id }) => id)),
    hidden: new Set(hidden.flat()),
  };
}

const place = z.tuple([z.iso.datetime(), z.string()]);

/** One's own: all one did and all that concerned one. Of others: what is about them and of a type that is shown. */
function about(userId: string, own: boolean, types: readonly string[] | undefined): object {
  const feed = `user.${userId}`;
  if (own) {
    return { $or: [{ actor: userId }, { audience: feed }], ...(types ? { type: { $in: types } } : {}) };
  }
  return { audience: feed, subject: feed, type: { $in: shownTypes.filter((type) => types?.includes(type) ?? true) } };
}

/**
 * Somebody's activity, the newest first. What others may not see is left out of its page, so that a page can be short
 * although there is more. @throws user.not-found, request.invalid for another list's cursor
 */
export async function activityFor(
  caller: Caller,
  userId: string,
  query: { readonly types?: string | undefined; readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<object>> {
  const { relation } = await seenUser(caller, userId);
  const own = relation === 'self';
  const purpose = `activity.${caller.userId}.${userId}.${query.types ?? ''}`;
  const after = query.cursor === undefined ? null : place.parse(decodeCursor(purpose, query.cursor));
  const rows = await Events.native()
    .find({ $and: [about(userId, own, query.types?.split(',')), beyond(after)] }, bounded)
    .sort({ time: -1, _id: -1 })
    .limit(query.limit + 1)
    .toArray();
  const page = rows.slice(0, query.limit);
  const shown = own ? null : await shownOf(caller, userId, relation, page);
  const last = page.at(-1);
  const hasMore = rows.length > query.limit;
  const nextCursor = hasMore && last ? encodeCursor(purpose, [last.time.toISOString(), last._id]) : null;
  return {
    data: page.filter((event) => shown === null || isShown(event, shown)).map((event) => present(event, userId, own)),
    page: { nextCursor, hasMore },
  };
}

/** Who granted or did what to somebody is theirs to know; others see what the person did, and who endorsed. */
function present({ _id, type, time, subject, actor, data }: StoredEvent, userId: string, own: boolean): object {
  const named = own || actor === userId || type === 'skill.endorsed';
  return { id: _id, type, time: time.toISOString(), subject, ...(named ? { by: actor } : {}), data };
}

function beyond(after: z.output<typeof place> | null): object {
  if (!after) {
    return {};
  }
  const time = new Date(after[0]);
  return { $or: [{ time: { $lt: time } }, { time, _id: { $lt: after[1] } }] };
}

interface Counted {
  readonly _id: { readonly day: string; readonly type?: string };
  readonly count: number;
}

/** Counts documents by the day of a zone that a member of theirs lies in. */
function byDay(match: object, time: string, tz: string, from: string, to: string): mongo.Document[] {
  const day = { $dateToString: { date: `$${time}`, format: '%Y-%m-%d', timezone: tz } };
  return [
    { $match: { ...match, [time]: spanOf(from, to) } },
    { $group: { _id: { day, type: '$type' }, count: { $sum: 1 } } },
    { $match: { '_id.day': { $gte: from, $lte: to } } },
  ];
}

/** Mongo's own table of zones may lack one that this process knows. */
const unknownZone = 40_485;

/** Somebody's figures by day of a zone, as of now. @throws request.invalid for a range or zone that cannot be counted */
export async function analyticsOf(
  userId: string,
  query: { readonly from?: string | undefined; readonly to?: string | undefined; readonly tz: string },
): Promise<AnalyticsView> {
  const asOf = new Date();
  const { tz } = query;
  const to = query.to ?? (query.from === undefined ? dayIn(tz, asOf) : dayAfter(query.from, 29));
  const from = query.from ?? dayAfter(to, -29);
  if (!isRange(from, to)) {
    throw invalid('to', 'Must be up to 399 days after from');
  }
  const blocked = await blockedPeers(userId);
  const accepted = { audience: `user.${userId}`, type: connectionAccepted.type };
  const standing = { userId, withdrawnAt: null, by: { $nin: blocked } };
  try {
    const [did, connections, endorsements, views, choice] = await Promise.all([
      Events.native()
        .aggregate<Counted>(byDay({ actor: userId }, 'time', tz, from, to), bounded)
        .toArray(),
      Events.native()
        .aggregate<Counted>(byDay(accepted, 'time', tz, from, to), bounded)
        .toArray(),
      Endorsements.native()
        .aggregate<Counted>(byDay(standing, 'endorsedAt', tz, from, to), bounded)
        .toArray(),
      viewsByDay(userId, from, to),
      AnalyticsChoices.native().findOne({ _id: userId }, bounded),
    ]);
    const series = daysBetween(from, to).map((day) => ({
      day,
      did: Object.fromEntries(did.filter(({ _id }) => _id.day === day).map(({ _id, count }) => [_id.type, count])),
      connectionsGained: countOn(connections, day),
      endorsementsReceived: countOn(endorsements, day),
      ...(choice?.viewsCounted === false ? {} : { profileViews: countOn(views, day) }),
    }));
    return { userId, from, to, tz, asOf: asOf.toISOString(), series, totals: totalsOf(series) };
  } catch (error) {
    if (error instanceof mongo.MongoServerError && error.code === unknownZone) {
      throw invalid('tz', 'There is no such zone');
    }
    throw error;
  }
}

const invalid = (member: string, detail: string): Error =>
  problems.invalid(undefined, { errors: [{ pointer: `/query/${member}`, code: 'custom', detail }] });

const countOn = (rows: readonly Counted[], day: string): number => rows.find(({ _id }) => _id.day === day)?.count ?? 0;

async function viewsByDay(userId: string, from: string, to: string): Promise<Counted[]> {
  return await ProfileViews.native()
    .aggregate<Counted>(
      [{ $match: { userId, day: { $gte: from, $lte: to } } }, { $group: { _id: { day: '$day' }, count: { $sum: 1 } } }],
      bounded,
    )
    .toArray();
}

function totalsOf(series: AnalyticsView['series']): AnalyticsView['totals'] {
  const did: Record<string, number> = {};
  for (const [type, count] of series.flatMap((each) => Object.entries(each.did))) {
    did[type] = (did[type] ?? 0) + count;
  }
  const sum = (of: (each: AnalyticsView['series'][number]) => number): number =>
    series.reduce((all, each) => all + of(each), 0);
  return {
    did,
    connectionsGained: sum((each) => each.connectionsGained),
    endorsementsReceived: sum((each) => each.endorsementsReceived),
    ...(series[0]?.profileViews === undefined ? {} : { profileViews: sum((each) => each.profileViews ?? 0) }),
  };
}
