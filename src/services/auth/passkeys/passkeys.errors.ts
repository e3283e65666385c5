// What passkeys say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of passkeys. */
export const passkeyProblems = {
  refused: defineProblem('auth.passkey-refused', 401, 'The passkey, its signature or its challenge is not good'),
  notMade: defineProblem('auth.passkey-not-made', 422, 'The new passkey or its challenge is not good; begin again'),
  known: defineProblem('auth.passkey-known', 409, 'This passkey was added already'),
  tooMany: defineProblem('auth.too-many-passkeys', 409, 'No more passkeys fit; remove one first'),
  notFound: defineProblem('auth.passkey-not-found', 404, 'You have no such passkey'),
} as const;
