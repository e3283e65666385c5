// Which routes are asked only so often: those a stranger may flood, and those that cost other people something.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { rates } from '#config/rates.ts';
import { buildRegistry } from '#src/app.ts';

const { routes } = buildRegistry();
const nameOf = ({ method, path }: { readonly method: string; readonly path: string }): string => `${method} ${path}`;

/** OWASP API6:2023: what does harm when it is done ten thousand times, and the class that bounds it. */
const sensitive: Readonly<Record<string, string>> = {
  'post /api/auth/register': 'register',
  'post /api/auth/login': 'login',
  'post /api/auth/login/mfa': 'login',
  'post /api/auth/step-up': 'login',
  'post /api/auth/password/forgot': 'mail',
  'post /api/auth/email/resend': 'mail',
  'post /api/auth/invitations': 'invite',
  'post /api/ventures/:id/invitations': 'invite',
  'post /api/users/:id/connections': 'invite',
  'post /api/users/:id/skills/:slug/endorsements': 'invite',
  'post /api/users/:id/export': 'export',
  'post /api/state-machines/definitions': 'define',
  'post /api/state-machines/definitions/lint': 'define',
  'get /api/users/': 'search',
  'get /api/ventures/': 'search',
};

/** Shows a secret that nobody can guess, and every client comes here every ten minutes. */
const byToken = ['post /api/auth/refresh'];

describe('the classes of routes', () => {
  for (const [name, limit] of Object.entries(sensitive)) {
    it(`bound ${name}`, () => {
      assert.equal(routes.find((route) => nameOf(route) === name)?.limit, limit);
    });
  }

  it('are strict for whatever changes something without a login', () => {
    const open = routes.filter(({ auth, method }) => auth === 'public' && method !== 'get');
    const loose = open.filter(({ limit }) => limit === undefined || !rates[limit].exact).map(nameOf);
    assert.deepEqual(loose, byToken);
  });
});
