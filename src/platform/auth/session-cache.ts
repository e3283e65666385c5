// What Redis knows of sessions: "lives" for 30 s, or "over". Never more than MongoDB: a lost entry is asked there.
// Used by sessions.ts only.
import { sessionTimes } from '#config/auth.ts';
import { cache, orElse, redisKey } from '../redis/clients.ts';

/** A living session and what its user may be. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly roles: readonly string[];
  readonly expiresAt: Date;
}

const over = 'over';
const keyOf = (sessionId: string): string => `session.${sessionId}`;

/** The session as it was at most 30 s ago, `over`, or null where Redis does not know. */
export async function recall(sessionId: string): Promise<Session | 'over' | null> {
  const text = await cache.get(keyOf(sessionId));
  if (text === null || text === over) {
    return text;
  }
  const [userId, expiresAtMs, ...roles] = text.split(' ');
  return { id: sessionId, userId: userId ?? '', roles, expiresAt: new Date(Number(expiresAtMs)) };
}

/** Keeps a living session, unless something is known already: an answer from before its end must not win over `over`. */
export async function remember(session: Session): Promise<void> {
  const text = [session.userId, session.expiresAt.getTime(), ...session.roles].join(' ');
  const key = redisKey('cache', keyOf(session.id));
  await orElse(null, async (client) => await client.set(key, text, 'PX', sessionTimes.cachedMs, 'NX'));
}

const unburied = new Map<string, number>();
let timer: NodeJS.Timeout | undefined;

/** Says `over`. Where Redis does not answer, goes on trying for as long as an old "lives" could be in it. */
export async function bury(sessionId: string): Promise<void> {
  if (await cache.set(keyOf(sessionId), over, sessionTimes.tombstoneMs)) {
    unburied.delete(sessionId);
    return;
  }
  if (!unburied.has(sessionId)) {
    unburied.set(sessionId, Date.now() + sessionTimes.cachedMs);
  }
  timer ??= setInterval(() => void buryAgain(), 500).unref();
}

async function buryAgain(): Promise<void> {
  const now = Date.now();
  for (const [sessionId, untilMs] of unburied) {
    if (untilMs < now) {
      unburied.delete(sessionId);
    }
  }
  await Promise.all([...unburied.keys()].map(async (sessionId) => await bury(sessionId)));
  if (unburied.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}
