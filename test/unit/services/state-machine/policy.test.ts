// Who may see, create and move a machine: asker × principal.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import type { Principal } from '#src/platform/machines/definition.ts';
import { standsFor } from '#src/platform/machines/people.ts';
import { askerFor, canRead, mayDo, mayRead, maySend } from '#src/services/state-machine/state-machine.policy.ts';

const caller = (userId: string, roles: readonly string[] = [], ...permissions: string[]) => ({
  userId,
  roles,
  can: (permission: string) => permissions.includes(permission),
});
const event = (...from: Principal[]) => ({ payload: z.strictObject({}), from });
const instanceOf = (read: readonly Principal[], owner: string | null, ...members: string[]) => ({
  owner,
  members,
  readers: standsFor(read, { owner, members }),
});

describe('the policy of machines', () => {
  const owned = instanceOf(['owner', 'role:legal'], 'u1', 'u5', 'u6');
  const table = [
    // who, reads, and what comes of an event for the owner, a member, a role, operators, and of one nobody declared
    ['its owner', caller('u1', ['user']), true, 'yes', 'forbidden', 'forbidden', 'forbidden', 'yes'],
    ['a member who may not read', caller('u5', ['user']), false, 'hidden', 'yes', 'hidden', 'hidden', 'yes'],
    ['one of a role', caller('u7', ['legal']), true, 'forbidden', 'forbidden', 'yes', 'forbidden', 'forbidden'],
    ['a stranger', caller('u2', ['user']), false, 'hidden', 'hidden', 'hidden', 'hidden', 'hidden'],
    ['nobody', caller(''), false, 'hidden', 'hidden', 'hidden', 'hidden', 'hidden'],
    [
      'an auditor',
      caller('u3', [], 'machine.read.any'),
      true,
      'forbidden',
      'forbidden',
      'forbidden',
      'forbidden',
      'forbidden',
    ],
    ['an operator', caller('u4', [], 'machine.operate'), true, 'yes', 'yes', 'yes', 'yes', 'yes'],
  ] as const;
  for (const [who, asks, reads, ...verdicts] of table) {
    it(`for ${who}`, () => {
      const asker = askerFor(asks);
      assert.equal(canRead(asks, owned), reads);
      assert.equal(mayRead(asker, owned.readers), reads);
      const events = [event('owner'), event('member'), event('role:legal'), event('operator'), undefined];
      assert.deepEqual(
        events.map((sent) => maySend(asker, owned, sent)),
        verdicts,
      );
    });
  }

  it('for machines that concern nobody: operators and auditors only', () => {
    for (const owner of [null, '']) {
      const nobodys = instanceOf(['owner', 'member'], owner, '');
      assert.equal(canRead(caller('u1', ['user']), nobodys), false);
      assert.equal(canRead(caller(''), nobodys), false);
      assert.equal(maySend(askerFor(caller('')), nobodys, event('owner', 'member')), 'hidden');
      assert.equal(canRead(caller('u3', [], 'machine.read.any'), nobodys), true);
    }
  });

  it('for what anyone may', () => {
    const open = instanceOf(['anyone'], null);
    assert.equal(canRead(caller('u2'), open), true);
    assert.equal(maySend(askerFor(caller('u2')), open, event('anyone')), 'yes');
    assert.equal(mayDo(askerFor(caller('u2')), ['operator'], open), false);
  });
});
