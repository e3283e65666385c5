// What second factors say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of second factors. */
export const factorProblems = {
  totpIsOn: defineProblem('auth.totp-is-on', 409, 'An authenticator app is on already; remove it first'),
  totpIsOff: defineProblem('auth.totp-is-off', 409, 'No authenticator app is set up'),
  wrongCode: defineProblem('auth.wrong-code', 422, 'The code is wrong, too old, or was used already'),
  mfaRefused: defineProblem('auth.mfa-refused', 401, 'The code or the token of this login is not good'),
  codeNeeded: defineProblem('auth.code-needed', 401, 'Give the code of your authenticator app too, or a backup code'),
  stepUpRefused: defineProblem('auth.step-up-refused', 401, 'This does not prove that it is you'),
  passwordNotEnough: defineProblem(
    'auth.password-not-enough',
    403,
    'With an authenticator app on, a password alone does not do; give a code or a passkey',
  ),
  tooManyCodes: defineProblem(
    'auth.too-many-codes',
    429,
    'Too many wrong tries; wait, or use a backup code or a passkey',
  ),
} as const;
