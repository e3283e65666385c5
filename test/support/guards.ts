// The main guards, each with the text that is it, what stands there when it is taken out, and the test that must fail then.
// Proved by test/support/prove-guards.ts; see test/README.md.

import type { Guard } from './guard.ts';
import { identityGuards } from './guards-identity.ts';

const tokens = 'test/integration/auth/jws.test.ts';
const roles = 'test/integration/user/roles.test.ts';
const scopes = 'test/integration/http/scopes.test.ts';

/** Every guard that is proved. */
export const guards: readonly Guard[] = [
  {
    lets: 'a token of another type in',
    file: 'src/platform/http/authenticate.ts',
    text: "header['typ'] !== 'at+jwt' || ",
    without: '',
    test: tokens,
    quick: true,
  },
  {
    lets: 'a token with a header member nobody knows in',
    file: 'src/platform/http/authenticate.ts',
    text: ' || Object.keys(header).some((member) => !headerMembers.has(member))',
    without: '',
    test: tokens,
  },
  {
    lets: 'a token that never ends in',
    file: 'src/platform/http/authenticate.ts',
    text: 'exp: z.number(),',
    without: 'exp: z.number().default(4_000_000_000),',
    test: tokens,
  },
  {
    lets: 'whoever has a token of a session that is over in',
    file: 'src/platform/http/authenticate.ts',
    text: 'if (!session || session.userId !== userId) {',
    without: "if (session?.userId === 'nobody') {",
    test: 'test/integration/auth/auth.test.ts',
  },
  {
    lets: 'a cursor that was not given out in',
    file: 'src/platform/http/cursor.ts',
    text: ' || !timingSafeEqual(given, expected)',
    without: '',
    test: 'test/unit/platform/http/cursor.test.ts',
    quick: true,
  },
  {
    lets: 'an operator into a filter',
    file: 'src/platform/mongo/collection.ts',
    text: "mongoose.set('sanitizeFilter', true);",
    without: '',
    test: 'test/unit/platform/mongo/collection.test.ts',
    quick: true,
  },
  {
    lets: 'a member nobody asked for into a body',
    file: 'src/services/user/user.schema.ts',
    text: 'export const createUser = z.strictObject({',
    without: 'export const createUser = z.object({',
    test: 'test/integration/user/user.test.ts',
  },
  {
    lets: 'another request in under a used Idempotency-Key',
    file: 'src/platform/commands/execute.ts',
    text: 'if (first.requestHash !== row.requestHash) {',
    without: "if (first.requestHash === 'none') {",
    test: 'test/integration/user/user.test.ts',
  },
  {
    lets: 'everybody in where a permission is needed',
    file: 'src/platform/http/router.ts',
    text: "if (auth !== 'user' && !caller.can(auth.permission)) {",
    without: "if (auth !== 'user' && caller.userId === 'nobody') {",
    test: scopes,
  },
  {
    lets: 'a stranger see somebody’s operation',
    file: 'src/platform/commands/operations.ts',
    text: ", thoseOneMay(caller, 'read', operationsOf)",
    without: '',
    test: scopes,
  },
  {
    lets: 'a stranger see somebody’s machine',
    file: 'src/services/state-machine/state-machine.policy.ts',
    text: "return may(caller, 'read', machineAccess, { readers });",
    without: 'return true;',
    test: 'test/unit/services/state-machine/policy.test.ts',
  },
  {
    lets: 'a stranger follow any feed',
    file: 'src/services/websocket/websocket.policy.ts',
    text: '?? false) || ',
    without: '?? false) || kind !== "" || ',
    test: scopes,
  },
  {
    lets: 'people give what they may not do themselves',
    file: 'src/services/user/roles/roles.commands.ts',
    text: 'return above.length === 0 ? null :',
    without: 'return above.length >= 0 ? null :',
    test: roles,
  },
  {
    lets: 'the last admin go',
    file: 'src/services/user/roles/roles.policy.ts',
    text: 'if (!seen.others) {',
    without: 'if (seen.rev < 0) {',
    test: roles,
  },
  {
    lets: 'a role that was taken count until the session is read anew',
    file: 'src/platform/auth/rights.ts',
    text: 'return changed.has(userId) ?',
    without: "return changed.has('nobody') ?",
    test: roles,
  },
  {
    lets: 'a permission that an admin took come back',
    file: 'src/platform/auth/permissions.ts',
    text: 'const fresh = role ? newTo(role, initial) : [];',
    without: 'const fresh = role ? [...initial] : [];',
    test: 'test/integration/auth/permissions.test.ts',
  },
  {
    lets: 'a change of roles pass without a record',
    file: 'src/services/user/roles/roles.commands.ts',
    text: "    actDone(act, { action, target: { role, gained: gained.join(' '), lost: lost.join(' ') } }),\n",
    without: '',
    test: roles,
  },
  {
    lets: 'an act on the board begin without a record',
    file: 'src/platform/audit/audit.ts',
    text: "  await record('begun');\n",
    without: '',
    test: 'test/integration/admin/board.test.ts',
  },
  ...identityGuards,
  {
    lets: 'a webhook to a name that stands for a private address',
    file: 'src/platform/outbound/post.ts',
    text: 'allowPrivateIPAddress: allowed.includes(hostOf(url))',
    without: 'allowPrivateIPAddress: true',
    test: 'test/integration/state-machine/webhooks.test.ts',
  },
  {
    lets: 'a webhook to an address that is private on its face',
    file: 'src/platform/outbound/addresses.ts',
    text: 'return here && !allowed.includes(host)',
    without: "return host === 'nowhere'",
    test: 'test/unit/platform/outbound/addresses.test.ts',
  },
  {
    lets: 'a schedule do what whoever set it may not',
    file: 'src/platform/schedules/schedule.policy.ts',
    text: 'needs.filter((permission) => !holds.includes(permission))',
    without: "needs.filter(() => holds.includes('nothing'))",
    test: 'test/integration/schedules/rights.test.ts',
  },
  {
    lets: 'the input of a schedule say who asks',
    file: 'src/platform/schedules/schedule.policy.ts',
    text: 'const parsed = target.schedulable.input.safeParse(input);',
    without: 'const parsed = target.input.safeParse(input);',
    test: 'test/integration/schedules/rights.test.ts',
  },
];
