// Sensitive acts ask for more than a session: its user must have proved to be there not long ago. Called by routes of
// every service before they do such a thing.
import { factorRules } from '#config/auth.ts';
import { defineProblem } from '../errors.ts';
import type { Caller } from '../http/route.ts';
import { provedAt } from './sessions.ts';

/** A sensitive act by a session whose user proved to be there too long ago; named in `problems` of its route. */
export const stepUpRequired = defineProblem(
  'auth.step-up-required',
  401,
  'Prove again that it is you (POST /api/auth/step-up), then repeat this',
);

/**
 * Lets a caller pass who logged in or stepped up within the last minutes (`factorRules.stepUpMs`). Always asks MongoDB,
 * so that a step-up counts at once on every node. An API key never passes: it has no session.
 * Errors: `auth.step-up-required` with the challenge of RFC 9470.
 */
export async function requireStepUp(caller: Pick<Caller, 'sessionId'>): Promise<void> {
  const at = caller.sessionId === '' ? null : await provedAt(caller.sessionId);
  if (!at || Date.now() - at.getTime() > factorRules.stepUpMs) {
    const challenge = `Bearer error="insufficient_user_authentication", max_age=${factorRules.stepUpMs / 1_000}`;
    throw stepUpRequired(undefined, { headers: { 'WWW-Authenticate': challenge } });
  }
}
