// What the auth service says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of logging in. */
export const authProblems = {
  invalidCredentials: defineProblem('auth.invalid-credentials', 401, 'E-mail address or password is wrong'),
  accountSuspended: defineProblem('auth.account-suspended', 403, 'This account is suspended'),
  refreshRefused: defineProblem('auth.refresh-refused', 401, 'The refresh token is not good; log in again'),
  registrationClosed: defineProblem(
    'auth.registration-closed',
    403,
    'Nobody can register here; ask an admin for an account',
  ),
  invitationRefused: defineProblem(
    'auth.invitation-refused',
    403,
    'This invitation was used, has ended, or is for another e-mail address',
  ),
  invitationUnknown: defineProblem('auth.invitation-unknown', 404, 'There is no such invitation that is open'),
  tokenRefused: defineProblem('auth.token-refused', 422, 'This link was used or has ended; ask for a new one'),
  wrongPassword: defineProblem('auth.wrong-password', 403, 'The current password is wrong'),
  tooManyTries: defineProblem('auth.too-many-tries', 429, 'Too many wrong tries; wait and try again'),
  invitationNeeded: defineProblem('auth.invitation-needed', 403, 'Registering here needs an invitation'),
} as const;
