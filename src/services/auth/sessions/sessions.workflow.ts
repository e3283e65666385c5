// Logging in and out as every area of this service does it: one place that begins sessions.
import { accessTokens } from '#config/auth.ts';
import { bury } from '#src/platform/auth/session-cache.ts';
import { endSessions } from '#src/platform/auth/session-endings.ts';
import { rotateSession } from '#src/platform/auth/sessions.ts';
import { newSeed, refreshToken } from '#src/platform/auth/session-tokens.ts';
import { issueAccessToken } from '#src/platform/auth/tokens.ts';
import type { RouteRequest } from '#src/platform/http/route.ts';
import { newId } from '#src/platform/ids.ts';
import { findAccount, type AccountView } from '#src/services/user/index.ts';
import { beginSession, endReusedSession } from './sessions.commands.ts';
import { sessionsTooMany } from './sessions.queries.ts';
import type { LoggedIn } from './sessions.schema.ts';

/** The part of a request that sessions need; its route names the commands. */
type Asked = Pick<RouteRequest<unknown, unknown, unknown>, 'submit' | 'ip' | 'header'>;

const agentOf = (request: Asked): string => (request.header('user-agent') ?? '').slice(0, 256);
const ipOf = (request: Asked): string => request.ip.slice(0, 64);
const ownerOf = ({ id, email, name }: AccountView) => ({ id, email, name });

/**
 * Begins a session of an account whose owner has proved who they are, and gives its first tokens. Every way to log in
 * ends here; its route names `beginSession` among its commands. Where the user has too many sessions afterwards, the oldest end. Errors: server.unavailable.
 */
export async function begin(account: AccountView, request: Asked): Promise<LoggedIn> {
  const [sessionId, seed] = [newId(), newSeed()];
  await request.submit(beginSession, {
    sessionId,
    seed,
    owner: ownerOf(account),
    userAgent: agentOf(request),
    ip: ipOf(request),
  });
  await endSessions(await sessionsTooMany(account.id), 'too-many');
  return await loggedInAs(account, sessionId, refreshToken(sessionId, 0, seed));
}

async function loggedInAs(
  { id, email, name, roles }: AccountView,
  sessionId: string,
  token: string,
): Promise<LoggedIn> {
  return {
    accessToken: await issueAccessToken({ userId: id, sessionId }),
    refreshToken: token,
    expiresIn: accessTokens.lifetimeS,
    user: { id, email, name, roles },
  };
}

/**
 * Exchanges a refresh token for new tokens, or null where it is not good. One that was passed over ends its session,
 * and its user is told.
 */
export async function refreshSession(request: Asked, token: string): Promise<LoggedIn | null> {
  const rotation = await rotateSession(token);
  const account = rotation.outcome === 'bad' ? null : await findAccount(rotation.userId);
  if (rotation.outcome === 'bad' || !account) {
    return null;
  }
  if (rotation.outcome === 'reused') {
    const { sessionId } = rotation;
    // Before the commit, so that nobody believes an older answer meanwhile.
    await bury(sessionId);
    const from = { userAgent: agentOf(request), ip: ipOf(request) };
    await request.submit(endReusedSession, { sessionId, owner: ownerOf(account), ...from });
    return null;
  }
  return await loggedInAs(account, rotation.sessionId, rotation.refreshToken);
}
