// Who may see and move a machine: asker × event.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { mayReadInstance } from '#src/services/state-machine/index.ts';
import { canRead, maySend } from '#src/services/state-machine/state-machine.policy.ts';

const asker = (userId: string, ...permissions: string[]) => ({
  userId,
  can: (permission: string) => permissions.includes(permission),
});
const payload = z.strictObject({});
const byOwner = { payload, from: 'owner' } as const;
const byOperator = { payload, from: 'operator' } as const;

describe('the policy of machines', () => {
  const table = [
    ['its owner', asker('u1'), true, 'yes', 'forbidden', 'yes'],
    ['a stranger', asker('u2'), false, 'hidden', 'hidden', 'hidden'],
    ['nobody', asker(''), false, 'hidden', 'hidden', 'hidden'],
    ['an auditor', asker('u3', 'machine.read.any'), true, 'forbidden', 'forbidden', 'forbidden'],
    ['an operator', asker('u4', 'machine.operate'), true, 'yes', 'yes', 'yes'],
    ['an operator who is its owner', asker('u1', 'machine.operate'), true, 'yes', 'yes', 'yes'],
  ] as const;
  for (const [who, caller, reads, ownerEvent, operatorEvent, unknownEvent] of table) {
    it(`for ${who}`, () => {
      assert.equal(canRead(caller, 'u1'), reads);
      assert.equal(mayReadInstance(caller, 'onboarding', 'u1'), reads);
      assert.equal(maySend(caller, 'u1', byOwner), ownerEvent);
      assert.equal(maySend(caller, 'u1', byOperator), operatorEvent);
      assert.equal(maySend(caller, 'u1', undefined), unknownEvent);
    });
  }

  it('for machines without an owner: operators and auditors only', () => {
    assert.equal(canRead(asker('u1'), null), false);
    assert.equal(canRead(asker(''), ''), false);
    assert.equal(maySend(asker('u1'), null, byOwner), 'hidden');
    assert.equal(mayReadInstance(asker('u1'), 'nothing', 'u1'), false);
    assert.equal(mayReadInstance(asker('u3', 'machine.read.any'), 'nothing', 'u1'), true);
  });
});
