// What logging in keeps about a person. No secret and no digest of one is ever among it.
import { ApiKeys } from '#src/platform/auth/api-keys.ts';
import { Sessions } from '#src/platform/auth/session.model.ts';
import { defineOwnRows } from '#src/platform/personal/personal.ts';
import { OneTimeTokens } from './auth.model.ts';
import { FactorSets } from './factors/factors.model.ts';
import { Identities } from './oidc/oidc.model.ts';
import { Passkeys } from './passkeys/passkeys.model.ts';
import { SecurityEvents } from './security/security.model.ts';
import { KnownDevicesOf } from './sessions/sessions.model.ts';

defineOwnRows(Sessions, {
  name: 'auth/sessions',
  of: (userId) => ({ userId }),
  without: ['refreshHash', 'seed', 'generation', 'rev'],
});
defineOwnRows(SecurityEvents, { name: 'auth/security-events', of: (userId) => ({ userId }) });
defineOwnRows(KnownDevicesOf, { name: 'auth/known-devices', of: (userId) => ({ _id: userId }) });
defineOwnRows(OneTimeTokens, { name: 'auth/mailed-links', of: (userId) => ({ userId }), without: ['_id'] });
defineOwnRows(ApiKeys, { name: 'auth/api-keys', of: (userId) => ({ userId }), without: ['hash', 'rev'] });
defineOwnRows(Passkeys, { name: 'auth/passkeys', of: (userId) => ({ userId }), without: ['publicKey', 'rev'] });
defineOwnRows(Identities, { name: 'auth/linked-logins', of: (userId) => ({ userId }), without: ['_id', 'rev'] });
defineOwnRows(FactorSets, {
  name: 'auth/second-factors',
  of: (userId) => ({ _id: userId }),
  without: ['totp', 'backupCodes', 'rev'],
});
