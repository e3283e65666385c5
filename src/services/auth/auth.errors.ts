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
  invitationNeeded: defineProblem('auth.invitation-needed', 403, 'Registering here needs an invitation'),
} as const;
