// The guards of accounts, logins and teams, and of how much may be asked: part of guards.ts.
import type { Guard } from './guard.ts';

const factors = 'test/integration/auth/factors.test.ts';
const keys = 'test/integration/auth/api-keys.test.ts';
const refresh = 'test/integration/auth/refresh.test.ts';
const privacy = 'test/integration/user/privacy.test.ts';
const suspension = 'test/integration/user/suspension.test.ts';
const ventures = 'test/integration/venture/ventures.test.ts';
const sockets = 'test/integration/realtime/rates.test.ts';

/** In the order of their areas. */
export const identityGuards: readonly Guard[] = [
  {
    lets: 'whoever found an open screen do what needs a step-up',
    file: 'src/platform/auth/step-up.ts',
    text: 'if (!at || Date.now() - at.getTime() > factorRules.stepUpMs) {',
    without: 'if (at?.getTime() === 0) {',
    test: factors,
  },
  {
    lets: 'a code of an app in twice',
    file: 'src/services/auth/factors/factors.policy.ts',
    text: 'return step !== null && step > lastStep ? step : null;',
    without: 'return step !== null && lastStep >= 0 ? step : null;',
    test: 'test/unit/services/auth/factors.policy.test.ts',
    quick: true,
  },
  {
    lets: 'a backup code in twice',
    file: 'src/services/auth/factors/factors.commands.ts',
    text: 'each.hash === hash && !each.usedAt)',
    without: 'each.hash === hash)',
    test: factors,
  },
  {
    lets: 'an API key do what its scopes do not name',
    file: 'src/platform/http/authenticate.ts',
    text: 'can: (permission) => asked.has(permission) && (granted.has(permission) || Object.hasOwn(selfScopes, permission)),',
    without:
      'can: (permission) => asked.size >= 0 && (granted.has(permission) || Object.hasOwn(selfScopes, permission)),',
    test: keys,
  },
  {
    lets: 'an API key do what its owner may not do any more',
    file: 'src/platform/http/authenticate.ts',
    text: '(granted.has(permission) || Object.hasOwn(selfScopes, permission)),',
    without: '(granted.size >= 0 || Object.hasOwn(selfScopes, permission)),',
    test: keys,
  },
  {
    lets: 'a revoked API key in',
    file: 'src/platform/auth/api-keys.ts',
    text: 'key.revokedAt || ',
    without: '',
    test: keys,
  },
  {
    lets: 'a stolen refresh token go on, when its successor was used',
    file: 'src/platform/auth/sessions.ts',
    text: "  return { outcome: 'reused', sessionId: row._id, userId: row.userId };",
    without: "  return { outcome: 'bad' };",
    test: refresh,
  },
  {
    lets: 'an old refresh token be exchanged again for ever',
    file: 'src/platform/auth/sessions.ts',
    text: 'row.generation === claim.generation + 1 && agoMs <= sessionTimes.graceMs',
    without: 'row.generation === claim.generation + 1 && agoMs >= 0',
    test: refresh,
  },
  {
    lets: 'one invitation make many accounts',
    file: 'src/services/auth/invitations/invitations.policy.ts',
    text: 'if (invitation.acceptedAt) {',
    without: 'if (invitation.acceptedAt && invitation.expiresAt <= now) {',
    test: 'test/integration/auth/invitations.test.ts',
  },
  {
    lets: 'blocked people find each other',
    file: 'src/services/user/showing/showing.policy.ts',
    text: 'if (standing?.blocked || !isShown(user)) {',
    without: 'if (!isShown(user)) {',
    test: 'test/integration/user/connections.test.ts',
  },
  {
    lets: 'others find who is suspended',
    file: 'src/services/user/showing/showing.policy.ts',
    text: 'if (standing?.blocked || !isShown(user)) {',
    without: 'if (standing?.blocked) {',
    test: suspension,
  },
  {
    lets: 'API keys of a suspended account in',
    file: 'src/services/user/user.queries.ts',
    text: 'return user && isActive(user) ? user.roles : null;',
    without: 'return user ? user.roles : null;',
    test: suspension,
  },
  {
    lets: 'everybody see each field of a profile',
    file: 'src/services/user/showing/showing.policy.ts',
    text: 'return levels.indexOf(of) <= widest[relation];',
    without: 'return levels.indexOf(of) <= widest[relation] + 3;',
    test: 'test/integration/user/profile.test.ts',
  },
  {
    lets: 'a change be made over somebody else’s',
    file: 'src/platform/http/etag.ts',
    text: "if (header.trim() !== '*' && !tagsIn(header).includes(tagOf(current))) {",
    without: "if (header.trim() === '') {",
    test: 'test/unit/platform/http/etag.test.ts',
    quick: true,
  },
  {
    lets: 'one of two who race lose their change',
    file: 'src/services/user/profile/profile.commands.ts',
    text: 'if (user.rev !== expectRev) {',
    without: 'if (user.rev < expectRev) {',
    test: 'test/integration/user/profile.test.ts',
  },
  {
    lets: 'people change a venture they have not read',
    file: 'src/services/venture/venture.routes.ts',
    text: "requireIfMatch(header('if-match'), { id, rev })",
    without: 'rev',
    test: ventures,
  },
  {
    lets: 'a stranger read somebody’s export',
    file: 'src/services/user/exports/exports.routes.ts',
    text: 'if (caller.userId !== id) {',
    without: "if (caller.userId === 'nobody') {",
    test: privacy,
  },
  {
    lets: 'a stranger have somebody’s account deleted',
    file: 'src/services/user/deletion/deletion.routes.ts',
    text: "if (caller.userId !== id && !caller.can('user.delete.any')) {",
    without: "if (caller.userId === 'nobody') {",
    test: privacy,
  },
  {
    lets: 'admins of a team give its ownership away',
    file: 'src/services/venture/invitations/invitations.commands.ts',
    text: 'return isOwner ? (place ? null : invitationProblems.mustBeInTeam()) : ventureProblems.roleTooLow();',
    without: 'return isOwner || place ? null : ventureProblems.roleTooLow();',
    test: ventures,
  },
  {
    lets: 'somebody give away a venture that is not theirs any more',
    file: 'src/services/venture/invitations/invitations.commands.ts',
    text: 'if (owner?.userId !== invitedBy) {',
    without: "if (owner?.userId === 'nobody') {",
    test: ventures,
  },
  {
    lets: 'requests through without end',
    file: 'src/platform/http/rate-limit.ts',
    text: 'most: Math.max(Math.round(most * factor), 1),',
    without: 'most: Math.max(Math.round(most * factor), 1_000_000),',
    test: 'test/integration/http/rate-limits.test.ts',
  },
  {
    lets: 'sockets be opened without end',
    file: 'src/platform/realtime/server.ts',
    text: '    await rates.connecting(socket.data.address);\n',
    without: '',
    test: sockets,
  },
  {
    lets: 'messages through without end',
    file: 'src/platform/realtime/server.ts',
    text: '  countMessages(socket, rates);\n',
    without: '',
    test: sockets,
  },
  {
    lets: 'bodies of any length in',
    file: 'src/platform/http/body.ts',
    text: '  jsonLimit: limits.bodyBytes,\n',
    without: "  jsonLimit: '1gb',\n",
    test: 'test/unit/platform/http/body.test.ts',
    quick: true,
  },
  {
    lets: 'a read of MongoDB go on without end',
    file: 'src/platform/mongo/collection.ts',
    text: '{ maxTimeMS: limits.mongoDefaultMs, ...',
    without: '{ ...',
    test: 'test/integration/mongo/bounded.test.ts',
  },
];
