// What logins of other providers say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of logins of other providers. */
export const oidcProblems = {
  noProvider: defineProblem('auth.no-such-provider', 404, 'There is no such provider of logins here'),
  refused: defineProblem('auth.oidc-refused', 401, 'The login at the other provider was not completed; begin again'),
  unverified: defineProblem('auth.oidc-email-unverified', 403, 'The provider does not vouch for your e-mail address'),
  notLinked: defineProblem(
    'auth.oidc-not-linked',
    409,
    'An account with this address is here already; log in to it and link the provider',
  ),
  taken: defineProblem('auth.oidc-taken', 409, 'This login of the provider belongs to another account'),
  notFound: defineProblem('auth.oidc-link-not-found', 404, 'No login of this provider is linked to your account'),
} as const;
