// The paths of passkeys.
import { requireStepUp, stepUpRequired } from '#src/platform/auth/step-up.ts';
import { toPage } from '#src/platform/http/cursor.ts';
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { findAccount } from '#src/services/user/index.ts';
import { beginSession } from '../sessions/sessions.commands.ts';
import { begin } from '../sessions/sessions.workflow.ts';
import { loginAnswer } from '../factors/factors.schema.ts';
import { beginOrAsk, ownAct } from '../factors/factors.workflow.ts';
import { addPasskey, removePasskey, renamePasskey, usePasskey } from './passkeys.commands.ts';
import { passkeyProblems } from './passkeys.errors.ts';
import type { Passkey } from './passkeys.model.ts';
import { passkeyId } from './passkeys.policy.ts';
import { presentPasskey } from './passkeys.presenter.ts';
import { passkeysOf } from './passkeys.queries.ts';
import {
  addPasskeyBody,
  passkeyLogin,
  passkeyPage,
  passkeyParams,
  passkeyView,
  renamePasskeyBody,
  webauthnOptions,
} from './passkeys.schema.ts';
import { creationOptions, judgeAttestation, passAssertion, requestOptions } from './passkeys.workflow.ts';

const challenge = { headers: { 'WWW-Authenticate': 'Bearer' } };

const ceremonies: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/passkeys/login/options',
    summary: 'A challenge that any passkey of this site may sign to log in',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    output: webauthnOptions,
    handle: async () => ({ status: 200, body: await requestOptions('passkey-login') }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/passkeys/login',
    summary: 'Log in with a passkey',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    body: passkeyLogin,
    output: loginAnswer,
    commands: [usePasskey, beginSession],
    problems: [passkeyProblems.refused],
    handle: async (request) => {
      const passed = await passAssertion('passkey-login', request.body.response, request);
      if (!passed) {
        throw passkeyProblems.refused(undefined, challenge);
      }
      // Without a finger or a PIN it is one factor, as a password is.
      const answer = await (passed.userVerified ? begin : beginOrAsk)(passed.account, request);
      return { status: 200, body: answer };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/step-up/options',
    summary: 'A challenge that a passkey of yours may sign for a step-up',
    auth: 'user',
    scope: 'self',
    limit: 'login',
    output: webauthnOptions,
    handle: async ({ caller: { userId, sessionId } }) => ({
      status: 200,
      body: await requestOptions('passkey-step-up', { userId, sessionId }),
    }),
  }),
];

/** The routes of passkeys. */
export const passkeyRoutes: readonly Route[] = [
  ...ceremonies,
  defineRoute({
    method: 'post',
    path: '/api/auth/passkeys/options',
    summary: 'Options for a new passkey of yours',
    auth: 'user',
    scope: 'self',
    output: webauthnOptions,
    problems: [stepUpRequired],
    handle: async ({ caller }) => {
      await requireStepUp(caller);
      const account = await findAccount(caller.userId);
      if (!account) {
        throw problems.unauthenticated(undefined, challenge);
      }
      return { status: 200, body: await creationOptions(account, caller.sessionId) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/passkeys',
    summary: 'Add a passkey',
    auth: 'user',
    scope: 'self',
    body: addPasskeyBody,
    status: 201,
    output: passkeyView,
    commands: [addPasskey],
    problems: [passkeyProblems.notMade, stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      const act = await ownAct(request);
      const made = await judgeAttestation(request.body.response, act);
      const id = passkeyId(made.credentialId);
      const others = (await passkeysOf(act.userId)).length;
      const input = { ...made, act, id, others, name: request.body.name, transports: [...made.transports] };
      const { body } = await request.submit(addPasskey, input, 201);
      return { status: 201, body: presentPasskey(body as Passkey) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/auth/passkeys',
    summary: 'Your passkeys',
    auth: 'user',
    scope: 'self',
    output: passkeyPage,
    handle: async ({ caller }) => ({
      status: 200,
      body: toPage(await passkeysOf(caller.userId), limits.pageMax, presentPasskey, () => ''),
    }),
  }),
  defineRoute({
    method: 'patch',
    path: '/api/auth/passkeys/:id',
    summary: 'Give a passkey of yours another name',
    auth: 'user',
    scope: 'owner',
    params: passkeyParams,
    body: renamePasskeyBody,
    output: passkeyView,
    commands: [renamePasskey],
    handle: async (request) => {
      const { userId } = request.caller;
      const { body } = await request.submit(renamePasskey, { userId, ...request.params, ...request.body });
      return { status: 200, body: presentPasskey(body as Passkey) };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/auth/passkeys/:id',
    summary: 'Remove a passkey of yours',
    auth: 'user',
    scope: 'owner',
    params: passkeyParams,
    status: 204,
    commands: [removePasskey],
    problems: [stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      await request.submit(removePasskey, { act: await ownAct(request), id: request.params.id });
      return { status: 204 };
    },
  }),
];
