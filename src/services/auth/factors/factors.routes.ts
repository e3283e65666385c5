// The paths of second factors and of step-up.
import { requireStepUp, stepUpRequired } from '#src/platform/auth/step-up.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { beginSession } from '../sessions/sessions.commands.ts';
import { loggedIn } from '../sessions/sessions.schema.ts';
import { usePasskey } from '../passkeys/passkeys.commands.ts';
import { passkeyProblems } from '../passkeys/passkeys.errors.ts';
import { confirmTotp, removeTotp, renewBackupCodes, setUpTotp, useCode, type Checked } from './factors.commands.ts';
import { factorProblems } from './factors.errors.ts';
import { isOn, newBackupCodes, newTotp, sealTotp } from './factors.policy.ts';
import { findFactors } from './factors.queries.ts';
import { backupCodesView, factorsView, loginMfa, stepUp, steppedUp, totpConfirm, totpSetup } from './factors.schema.ts';
import { completeLogin, ownAct, stepUpWith } from './factors.workflow.ts';

/** The routes of second factors. */
export const factorRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/login/mfa',
    summary: 'Complete a login with its second factor',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    body: loginMfa,
    output: loggedIn,
    commands: [useCode, beginSession],
    problems: [factorProblems.mfaRefused],
    handle: async (request) => ({ status: 200, body: await completeLogin(request.body, request) }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/step-up',
    summary: 'Prove again that it is you, for acts that ask for it',
    auth: 'user',
    scope: 'self',
    limit: 'login',
    body: stepUp,
    output: steppedUp,
    commands: [useCode, usePasskey],
    problems: [factorProblems.stepUpRefused, factorProblems.passwordNotEnough, passkeyProblems.refused],
    handle: async (request) => ({ status: 200, body: await stepUpWith(request.body, request) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/auth/mfa',
    summary: 'Your second factors',
    auth: 'user',
    scope: 'self',
    output: factorsView,
    handle: async ({ caller }) => {
      const factors = await findFactors(caller.userId);
      const since = factors?.totp?.confirmedAt;
      const backupCodesLeft = factors?.backupCodes.filter(({ usedAt }) => !usedAt).length ?? 0;
      return { status: 200, body: { totp: isOn(factors), totpSince: since?.toISOString() ?? null, backupCodesLeft } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/mfa/totp/setup',
    summary: 'Get a secret for an authenticator app; it is on once a code confirmed it',
    auth: 'user',
    scope: 'self',
    output: totpSetup,
    commands: [setUpTotp],
    problems: [stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      const { userId, email } = await ownAct(request);
      const made = newTotp(email);
      await request.submit(setUpTotp, { userId, sealed: sealTotp(userId, made.secret) });
      return { status: 200, body: made };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/mfa/totp/confirm',
    summary: 'Turn the authenticator app on with its first code; answers the backup codes, once',
    auth: 'user',
    scope: 'self',
    limit: 'login',
    body: totpConfirm,
    output: backupCodesView,
    commands: [confirmTotp],
    problems: [factorProblems.wrongCode, stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      const act = await ownAct(request);
      const { codes, hashes } = newBackupCodes(act.userId);
      const { body } = await request.submit(confirmTotp, { act, code: request.body.code, hashes });
      if (!(body as Checked).right) {
        throw factorProblems.wrongCode();
      }
      return { status: 200, body: { backupCodes: codes } };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/auth/mfa/totp',
    summary: 'Remove the authenticator app and its backup codes',
    auth: 'user',
    scope: 'self',
    status: 204,
    commands: [removeTotp],
    problems: [stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      await request.submit(removeTotp, { act: await ownAct(request) });
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/mfa/backup-codes',
    summary: 'Make new backup codes; the old ones are void. Shown once',
    auth: 'user',
    scope: 'self',
    output: backupCodesView,
    commands: [renewBackupCodes],
    problems: [stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      const act = await ownAct(request);
      const { codes, hashes } = newBackupCodes(act.userId);
      await request.submit(renewBackupCodes, { act, hashes });
      return { status: 200, body: { backupCodes: codes } };
    },
  }),
];
