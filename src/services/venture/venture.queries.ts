// Reads of ventures.
import { limits } from '#config/limits.ts';
import { AppError, problems } from '#src/platform/errors.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import type { z } from 'zod';
import { nameKeyOf, ventureAs } from './venture.commands.ts';
import { Ventures, type Venture } from './venture.model.ts';
import { canRead, placeOf, type Actor } from './venture.policy.ts';
import { presentSummary } from './venture.presenter.ts';
import type { listVentures } from './venture.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** The venture where the caller may read it, else null. */
export async function findVenture(id: string, caller: Caller): Promise<Venture | null> {
  const venture = await Ventures.native().findOne({ _id: id }, bounded);
  return venture && canRead(venture, caller) ? venture : null;
}

/** The venture for an actor who may change it. Errors: venture.not-found, venture.role-too-low */
export async function ventureToChange(id: string, actor: Actor): Promise<Venture> {
  const venture = ventureAs(await Ventures.native().findOne({ _id: id }, bounded), id, actor, 'admin');
  if (venture instanceof AppError) {
    throw venture;
  }
  return venture;
}

/** True where somebody is in the team: who may follow the feed `venture.<id>`. */
export async function isInTeam(id: string, userId: string): Promise<boolean> {
  const venture = await Ventures.native().findOne({ _id: id }, { ...bounded, projection: { team: 1 } });
  return venture !== null && placeOf(venture, userId) !== undefined;
}

/** How many ventures somebody owns, counted up to `most`. */
export async function countOwned(userId: string, most: number): Promise<number> {
  return await Ventures.native().countDocuments(
    { team: { $elemMatch: { userId, role: 'owner' } } },
    { ...bounded, limit: most },
  );
}

type Query = z.output<typeof listVentures>;

interface ListCursor {
  readonly of: string;
  readonly nameKey: string;
  readonly id: string;
}

/** Ventures by name, those the caller may read. Errors: request.invalid for a cursor of another list. */
export async function findVentures(query: Query, caller: Caller): Promise<Page<unknown>> {
  const { q = '', stage = '', industry = '', mine = 'false' } = query;
  const of = JSON.stringify([q, stage, industry, mine, caller.userId]);
  const after = query.cursor === undefined ? null : (decodeCursor('ventures', query.cursor) as ListCursor);
  if (after && after.of !== of) {
    throw problems.invalid('The cursor belongs to another search; leave it out to begin again', {
      errors: [{ pointer: '/query/cursor', code: 'cursor', detail: 'Not a cursor of this search' }],
    });
  }
  const rows = await Ventures.native()
    .find({ $and: [readable(caller, mine === 'true'), matching(query), beyond(after)] }, bounded)
    .sort({ nameKey: 1, _id: 1 })
    .limit(query.limit + 1)
    .toArray();
  return toPage(rows, query.limit, presentSummary, ({ nameKey, _id: id }) =>
    encodeCursor('ventures', { of, nameKey, id } satisfies ListCursor),
  );
}

/** The same rule as `canRead`, as a filter. */
function readable(caller: Caller, mine: boolean): object {
  const own = { 'team.userId': caller.userId };
  if (mine) {
    return own;
  }
  return caller.can('venture.read.any') ? {} : { $or: [{ visibility: 'community', state: 'active' }, own] };
}

function matching({ q, stage, industry }: Query): object {
  const begin = q === undefined ? undefined : nameKeyOf(q);
  return {
    ...(begin === undefined ? {} : { nameKey: { $gte: begin, $lt: `${begin}\u{10FFFF}` } }),
    ...(stage === undefined ? {} : { stage }),
    ...(industry === undefined ? {} : { industry }),
  };
}

function beyond(after: ListCursor | null): object {
  return after
    ? { $or: [{ nameKey: { $gt: after.nameKey } }, { nameKey: after.nameKey, _id: { $gt: after.id } }] }
    : {};
}
