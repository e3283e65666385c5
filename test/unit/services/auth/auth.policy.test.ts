// Who may register, by mode.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { registrationRefusal } from '#src/services/auth/auth.policy.ts';

describe('registration', () => {
  for (const [mode, code] of [
    ['open', undefined],
    ['invite', 'auth.invitation-needed'],
    ['closed', 'auth.registration-closed'],
  ] as const) {
    it(`${mode}: ${code ?? 'everybody may'}`, () => {
      const refusal = registrationRefusal(mode);
      assert.equal(refusal?.problem.code, code);
      assert.equal(refusal?.problem.status, code && 403);
    });
  }
});
