// Inputs and outputs of sessions, and what a client gets when it is logged in.
import { z } from 'zod';
import { pageOf } from '#src/platform/http/cursor.ts';
import { accountView } from '#src/services/user/index.ts';
import { deviceView } from '../security/security.schema.ts';

const sessionId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'Not the id of a session');

/** `POST /api/auth/refresh`. */
export const refresh = z.strictObject({ refreshToken: z.string().min(1).max(512) });

/** What a client gets when it is logged in. `expiresIn` in seconds. */
export const loggedIn = z
  .strictObject({
    accessToken: z.string().max(4_096),
    refreshToken: z.string().max(512),
    expiresIn: z.int().min(1).max(86_400).describe('Seconds'),
    user: accountView,
  })
  .meta({ id: 'LoggedIn' });
export type LoggedIn = z.output<typeof loggedIn>;

/** `DELETE /api/auth/sessions/:id`. */
export const sessionParams = z.strictObject({ id: sessionId });

/** One living session as its owner sees it. */
const sessionView = z
  .strictObject({
    id: sessionId,
    device: deviceView,
    ip: z.string().max(64),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime().describe('To the minute, or to the last refresh'),
    expiresAt: z.iso.datetime().describe('When it ends unless it is used'),
    current: z.boolean().describe('True for the session that asks'),
  })
  .meta({ id: 'Session' });
export type SessionView = z.output<typeof sessionView>;

/** `GET /api/auth/sessions`. */
export const sessionPage = pageOf(sessionView);

/** Whose session begins; the address and name are where a mail about it goes. */
const owner = z.strictObject({ id: z.string().max(64), email: z.string().max(320), name: z.string().max(100) });

/** A session that begins. Never recorded: tokens derive from its seed. */
export const beginInput = z.strictObject({
  sessionId,
  seed: z.string().max(64),
  owner,
  userAgent: z.string().max(256),
  ip: z.string().max(64),
});

/** A session whose refresh token was in two hands. */
export const endReusedInput = z.strictObject({
  sessionId,
  owner,
  userAgent: z.string().max(256),
  ip: z.string().max(64),
});
