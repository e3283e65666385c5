// The paths of logins of other providers.
import { limits } from '#config/limits.ts';
import { requireStepUp, stepUpRequired } from '#src/platform/auth/step-up.ts';
import { problems } from '#src/platform/errors.ts';
import { toPage } from '#src/platform/http/cursor.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { findAccount } from '#src/services/user/index.ts';
import { authProblems } from '../auth.errors.ts';
import { loginAnswer } from '../factors/factors.schema.ts';
import { beginOrAsk, ownAct } from '../factors/factors.workflow.ts';
import { beginSession } from '../sessions/sessions.commands.ts';
import { linkIdentity, registerProved, unlinkIdentities } from './oidc.commands.ts';
import { oidcProblems } from './oidc.errors.ts';
import { identitiesOf } from './oidc.queries.ts';
import { finish, finishLogin, linkPage, providerPage, providerParams, started } from './oidc.schema.ts';
import { accountFor, complete, linkTo, listProviders, start } from './oidc.workflow.ts';

const logins: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/auth/oidc',
    summary: 'Providers whose accounts log in here',
    auth: 'public',
    scope: 'public',
    output: providerPage,
    handle: async () =>
      await Promise.resolve({
        status: 200,
        body: toPage(
          listProviders(),
          limits.pageMax,
          (each) => each,
          () => '',
        ),
      }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/auth/oidc/:provider/start',
    summary: 'Begin a login at a provider',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    params: providerParams,
    output: started,
    problems: [oidcProblems.noProvider],
    handle: async ({ params }) => ({ status: 200, body: await start(params.provider) }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/oidc/:provider/finish',
    summary: 'Complete a login at a provider',
    auth: 'public',
    scope: 'public',
    limit: 'login',
    params: providerParams,
    body: finishLogin,
    output: loginAnswer,
    commands: [registerProved, linkIdentity, beginSession],
    problems: [
      oidcProblems.noProvider,
      oidcProblems.refused,
      oidcProblems.unverified,
      oidcProblems.notLinked,
      authProblems.registrationClosed,
      authProblems.invitationNeeded,
      authProblems.accountSuspended,
    ],
    handle: async (request) => {
      const { provider } = request.params;
      const person = await complete(provider, request.body);
      const account = await accountFor(person, provider, request, request.body.inviteToken);
      return { status: 200, body: await beginOrAsk(account, request) };
    },
  }),
];

/** The routes of logins of other providers. */
export const oidcRoutes: readonly Route[] = [
  ...logins,
  defineRoute({
    method: 'get',
    path: '/api/auth/oidc/links',
    summary: 'Logins of other providers that open your account',
    auth: 'user',
    scope: 'self',
    output: linkPage,
    handle: async ({ caller }) => {
      const rows = await identitiesOf(caller.userId);
      const present = ({ provider, linkedAt }: (typeof rows)[number]) => ({
        provider,
        linkedAt: linkedAt.toISOString(),
      });
      return { status: 200, body: toPage(rows, limits.pageMax, present, () => '') };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/oidc/:provider/link',
    summary: 'Begin to link a login of a provider to your account',
    auth: 'user',
    scope: 'self',
    params: providerParams,
    output: started,
    problems: [oidcProblems.noProvider, stepUpRequired],
    handle: async ({ params, caller }) => {
      await requireStepUp(caller);
      return { status: 200, body: await start(params.provider, caller.userId) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/auth/oidc/:provider/link/finish',
    summary: 'Link a login of a provider to your account',
    auth: 'user',
    scope: 'self',
    params: providerParams,
    body: finish,
    status: 204,
    commands: [linkIdentity],
    problems: [oidcProblems.noProvider, oidcProblems.refused, stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      const account = await findAccount(request.caller.userId);
      if (!account) {
        throw problems.unauthenticated();
      }
      const { provider } = request.params;
      await linkTo(account, await complete(provider, request.body, account.id), provider, request);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/auth/oidc/:provider/link',
    summary: 'Unlink a provider from your account',
    auth: 'user',
    scope: 'self',
    params: providerParams,
    status: 204,
    commands: [unlinkIdentities],
    problems: [stepUpRequired],
    handle: async (request) => {
      await requireStepUp(request.caller);
      const linked = await identitiesOf(request.caller.userId);
      const ids = linked.filter(({ provider }) => provider === request.params.provider).map(({ _id }) => _id);
      await request.submit(unlinkIdentities, { act: await ownAct(request), ids });
      return { status: 204 };
    },
  }),
];
