// Reads of invitations.
import type { z } from 'zod';
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { Ventures } from '../venture.model.ts';
import { Invitations, type Invitation } from './invitations.model.ts';
import { presentInvitation } from './invitations.presenter.ts';
import type { InvitationView, listInvitations } from './invitations.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** How many invitations of a venture wait for an answer, counted up to `most`. */
export async function countPending(ventureId: string, most: number): Promise<number> {
  return await Invitations.native().countDocuments({ ventureId, state: 'pending' }, { ...bounded, limit: most });
}

interface ListCursor {
  readonly of: string;
  readonly id: string;
}

/** Invitations of one venture, or to one person. Errors: request.invalid for a cursor of another list. */
export async function findInvitations(
  whose: { readonly ventureId: string } | { readonly userId: string },
  query: z.output<typeof listInvitations>,
): Promise<Page<InvitationView>> {
  const filter = { ...whose, ...(query.state === undefined ? {} : { state: query.state }) };
  const of = JSON.stringify(filter);
  const after = query.cursor === undefined ? null : (decodeCursor('invitations', query.cursor) as ListCursor);
  if (after && after.of !== of) {
    throw problems.invalid('The cursor belongs to another list; leave it out to begin again', {
      errors: [{ pointer: '/query/cursor', code: 'cursor', detail: 'Not a cursor of this list' }],
    });
  }
  const rows = await Invitations.native()
    .find({ $and: [filter, after ? { _id: { $gt: after.id } } : {}] }, bounded)
    .sort({ _id: 1 })
    .limit(query.limit + 1)
    .toArray();
  const names = await venturesNamed(rows);
  return toPage(
    rows,
    query.limit,
    (row) => presentInvitation(row, names.get(row.ventureId) ?? null),
    ({ _id: id }) => encodeCursor('invitations', { of, id } satisfies ListCursor),
  );
}

async function venturesNamed(invitations: readonly Invitation[]): Promise<Map<string, string>> {
  const ids = [...new Set(invitations.map(({ ventureId }) => ventureId))];
  const rows = await Ventures.native()
    .find({ _id: { $in: ids } }, { ...bounded, projection: { name: 1 } })
    .toArray();
  return new Map(rows.map(({ _id, name }) => [_id, name]));
}
