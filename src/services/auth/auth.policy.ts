// Who may register. Pure.
import type { Config } from '#config/env.ts';
import type { AppError } from '#src/platform/errors.ts';
import { authProblems } from './auth.errors.ts';

/** Why nobody can register by themselves in this mode, or null where everybody can. */
export function registrationRefusal(mode: Config['registration']): AppError | null {
  if (mode === 'open') {
    return null;
  }
  return mode === 'closed' ? authProblems.registrationClosed() : authProblems.invitationNeeded();
}
