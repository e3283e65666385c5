// Who is in which room now: rooms that somebody may not be in any more are left for them. Called when rights change, and
// by the sweep, so that a change nobody heard of counts too. Used by server.ts.
import type { Server, Socket } from 'socket.io';
import { callerOf } from '../http/authenticate.ts';
import type { Caller } from '../http/route.ts';
import { logFor } from '../log.ts';

const log = logFor('realtime');

/** Decides who may join a feed. False is answered as 404: feeds of others do not exist for a stranger. */
export type MayRead = (caller: Caller, feed: string) => Promise<boolean>;

/** What is kept of a socket: who it is, and from where. */
export interface SocketData {
  caller: Caller;
  address: string;
}

type Messages = Record<string, (...parts: unknown[]) => void>;
/** A socket of this door. */
export type FeedSocket = Socket<Messages, Messages, Messages, SocketData>;

/** Who the socket's bearer is now, with the rights of now. */
export async function callerNow(socket: FeedSocket): Promise<Caller> {
  const { userId, sessionId, roles } = socket.data.caller;
  socket.data.caller = await callerOf({ id: sessionId, userId, roles });
  return socket.data.caller;
}

/** The feeds a socket has joined: all its rooms but its own, its user's and its session's. */
function joinedBy(socket: FeedSocket): string[] {
  const { userId, sessionId } = socket.data.caller;
  const kept = new Set([socket.id, `user.${userId}`, `session.${sessionId}`]);
  return [...socket.rooms].filter((room) => !kept.has(room));
}

/** Leaves the rooms that the socket may not be in any more, and tells it which. */
export async function keepRooms(socket: FeedSocket, mayRead: MayRead): Promise<void> {
  const caller = await callerNow(socket);
  for (const feed of joinedBy(socket)) {
    if (!(await mayRead(caller, feed))) {
      await socket.leave(feed);
      socket.emit('unsubscribed', { feed });
    }
  }
}

/** Does that for the sockets of one user, or of everybody (null), on this node. Never throws: the sweep comes again. */
export async function keepRoomsOf(io: Server, userId: string | null, mayRead: MayRead): Promise<void> {
  for (const each of io.of('/').sockets.values()) {
    const socket = each as unknown as FeedSocket;
    if (userId === null || socket.data.caller.userId === userId) {
      try {
        await keepRooms(socket, mayRead);
      } catch (error) {
        log.debug({ reason: String(error) }, 'Rooms could not be looked at; the sweep tries again');
      }
    }
  }
}
