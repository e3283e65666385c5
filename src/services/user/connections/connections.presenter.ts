// From the document of a pair to what one of the two sees of it.
import { otherOf, type Connection } from './connections.model.ts';
import type { BlockView, ConnectionView } from './connections.schema.ts';

/** A connection as one of the two sees it. `name` is that of the other. Never of a pair that was only blocked. */
export function presentConnection(pair: Connection, viewerId: string, name: string | null): ConnectionView {
  const { state, note } = pair;
  if (state === 'none') {
    throw new Error(`${pair._id} is no connection`);
  }
  return {
    id: pair._id,
    user: { id: otherOf(pair, viewerId), name },
    state,
    direction: pair.requester === viewerId ? 'outgoing' : 'incoming',
    ...(note === null ? {} : { note }),
    createdAt: pair.createdAt.toISOString(),
    updatedAt: pair.updatedAt.toISOString(),
  };
}

/** A block as who placed it sees it. */
export function presentBlock(pair: Connection, viewerId: string, name: string | null): BlockView {
  return { user: { id: otherOf(pair, viewerId), name }, since: pair.updatedAt.toISOString() };
}
