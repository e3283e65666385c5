// Beginning sessions, and ending those whose token was in two hands. Rotating and ending them otherwise is the platform's,
// where whoever changes an account can call it too.
import { defineCommand, insert, put, type Decision } from '#src/platform/commands/command.ts';
import { newSession, Sessions, type SessionRow } from '#src/platform/auth/session.model.ts';
import { digest, refreshToken } from '#src/platform/auth/session-tokens.ts';
import { mac } from '#src/platform/secrets.ts';
import { securityNotice } from '../security/security.commands.ts';
import { securityEvent } from '../security/security.model.ts';
import { deviceKey } from '../security/security.policy.ts';
import { KnownDevicesOf } from './sessions.model.ts';
import { seeDevice } from './sessions.policy.ts';
import { beginInput, endReusedInput } from './sessions.schema.ts';

/** Begins a session and, where the device is new to the user, tells them. */
export const beginSession = defineCommand({
  kind: 'auth.session.begin',
  pool: 'direct',
  recorded: false,
  input: beginInput,
  key: ({ owner }) => `user.${owner.id}`,
  load: async (commands, reader) => {
    await reader.read(
      KnownDevicesOf,
      commands.map(({ input }) => input.owner.id),
    );
  },
  decide: (state, { id, input }, now): Decision => {
    const { sessionId, seed, owner, userAgent, ip } = input;
    const row: SessionRow = {
      ...newSession({ id: sessionId, userId: owner.id, userAgent, ip }, now),
      refreshHash: digest(refreshToken(sessionId, 0, seed)),
      generation: 0,
      seed,
    };
    const event = { at: now, ip, userAgent, sessionId };
    const key = mac('known-device', `${owner.id} ${deviceKey(ip, userAgent)}`);
    const { isNew, next } = seeDevice(state.get(KnownDevicesOf, owner.id), owner.id, key, now);
    const notice = isNew ? securityNotice(owner, { ...event, kind: 'session.new-device' }, id) : undefined;
    return {
      writes: [
        insert(Sessions, row),
        securityEvent({ ...event, userId: owner.id, kind: 'session.began' }),
        ...(next ? [put(KnownDevicesOf, next)] : []),
        ...(notice?.writes ?? []),
      ],
      events: notice?.events ?? [],
      work: notice?.work ?? [],
      result: { began: true },
    };
  },
});

/** Ends a session whose refresh token came back after it was passed over, and tells its user. */
export const endReusedSession = defineCommand({
  kind: 'auth.session.end-reused',
  pool: 'direct',
  recorded: false,
  input: endReusedInput,
  key: ({ owner }) => `user.${owner.id}`,
  load: async (commands, reader) => {
    await reader.read(
      Sessions,
      commands.map(({ input }) => input.sessionId),
    );
  },
  decide: (state, { input: { sessionId, owner, userAgent, ip } }, now): Decision => {
    const row = state.get(Sessions, sessionId);
    if (!row || row.userId !== owner.id || row.revokedAt) {
      // Of several who come with old tokens, one ends the session and tells.
      return { result: { ended: true } };
    }
    const ending = put(Sessions, { ...row, revokedAt: now, reason: 'token-reused', rev: row.rev + 1 });
    const notice = securityNotice(
      owner,
      { kind: 'session.token-reused', at: now, ip, userAgent, sessionId },
      sessionId,
    );
    return { ...notice, writes: [ending, ...notice.writes], result: { ended: true } };
  },
});

/** Every command of sessions. */
export const sessionCommands = [beginSession, endReusedSession] as const;
