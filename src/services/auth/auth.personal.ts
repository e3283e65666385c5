// What logging in keeps about a person. No secret and no digest of one is ever among it.
import { ApiKeys } from '#src/platform/auth/api-keys.ts';
import { Sessions } from '#src/platform/auth/session.model.ts';
import { defineOwnRows, definePersonalData } from '#src/platform/personal/personal.ts';
import { OneTimeTokens } from './auth.model.ts';
import { findCredentialOf } from '#src/services/user/index.ts';
import { FactorSets } from './factors/factors.model.ts';
import { Invitations } from './invitations/invitations.model.ts';
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
/** Invitations to the address of somebody. */
async function invitationsTo(userId: string): Promise<{ email: string }> {
  return { email: (await findCredentialOf(userId))?.email ?? '' };
}

definePersonalData({
  name: 'auth/invitations',
  rows: async function* (userId) {
    yield* Invitations.native().find(await invitationsTo(userId), { projection: { _id: 0, rev: 0 } });
  },
  erase: async (userId) => {
    await Invitations.native().deleteMany(await invitationsTo(userId));
  },
});
const codes = { 'totp.sealed': 0, 'totp.lastStep': 0, 'backupCodes.hash': 0, rev: 0 };
definePersonalData({
  name: 'auth/second-factors',
  // That there is an app, since when, and which codes were used when: nothing to make or check a code with.
  rows: (userId) => FactorSets.native().find({ _id: userId }, { projection: codes }),
  erase: async (userId) => {
    await FactorSets.native().deleteMany({ _id: userId });
  },
});
