import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { registrationRefusal } from '#src/services/auth/auth.policy.ts';

describe('who may register', () => {
  for (const [mode, alone, invited] of [
    ['open', undefined, undefined],
    ['invite', 'auth.invitation-needed', undefined],
    ['closed', 'auth.registration-closed', 'auth.registration-closed'],
  ] as const) {
    it(`in the mode ${mode}`, () => {
      assert.equal(registrationRefusal(mode, false)?.problem.code, alone);
      assert.equal(registrationRefusal(mode, true)?.problem.code, invited);
    });
  }
});
