// Inputs and outputs of connections and blocks.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { userId } from '../user.schema.ts';
import { connectionStates } from './connections.model.ts';

const connectionId = z
  .string()
  .max(129)
  .regex(/^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64}$/u, 'Not the id of a connection');

const note = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(500)
  .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\n])*$/u, 'May hold no control characters but tabs and line ends');

/** What the members of a connection can do with it by its id. */
export const connectionActs = ['accept', 'decline', 'withdraw', 'remove'] as const;

/** The paths that name a connection. */
export const connectionParams = z.strictObject({ id: connectionId });

/** `POST /api/users/:id/connections`. */
export const askBody = z.strictObject({ note: note.optional() });

/** `GET /api/users/:id/connections`. */
export const listConnections = pageQuery.extend({
  state: z.enum(connectionStates).exclude(['none']).default('connected'),
  direction: z.enum(['incoming', 'outgoing']).optional(),
});
export type ListConnections = z.output<typeof listConnections>;

/** Somebody in a list: id and name; no name where the account is gone. */
export const personView = z.strictObject({ id: userId, name: z.string().max(100).nullable() }).meta({ id: 'Person' });

/** A connection as one of the two sees it. */
export const connectionView = z
  .strictObject({
    id: connectionId,
    user: personView,
    state: z.enum(connectionStates).exclude(['none']),
    direction: z.enum(['incoming', 'outgoing']),
    note: z.string().max(500).optional(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Connection' });
export type ConnectionView = z.output<typeof connectionView>;

/** A page of connections. */
export const connectionPage = pageOf(connectionView);

/** Somebody the asker has blocked. */
export const blockView = z.strictObject({ user: personView, since: z.iso.datetime() }).meta({ id: 'Block' });
export type BlockView = z.output<typeof blockView>;

/** A page of blocks. */
export const blockPage = pageOf(blockView);

/** What the command of asking needs; who asks is its actor. */
export const askInput = z.strictObject({ userId, note: note.optional() });
export type AskInput = z.output<typeof askInput>;

/** What the command of acting on a connection needs. */
export const actInput = z.strictObject({ connectionId, act: z.enum(connectionActs) });

/** What the commands of blocking need: who is blocked. */
export const blockInput = z.strictObject({ userId });
