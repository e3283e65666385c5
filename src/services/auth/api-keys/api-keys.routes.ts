// The paths of API keys. None of them can be called with one.
import { limits } from '#config/limits.ts';
import type { ApiKey } from '#src/platform/auth/api-keys.ts';
import { requireStepUp, stepUpRequired } from '#src/platform/auth/step-up.ts';
import { toPage } from '#src/platform/http/cursor.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { ownAct } from '../factors/factors.workflow.ts';
import { makeApiKey, revokeApiKey } from './api-keys.commands.ts';
import { apiKeyProblems } from './api-keys.errors.ts';
import { beyond, newApiKey } from './api-keys.policy.ts';
import { presentApiKey } from './api-keys.presenter.ts';
import { apiKeysOf } from './api-keys.queries.ts';
import { apiKeyMade, apiKeyPage, apiKeyParams, makeApiKeyBody } from './api-keys.schema.ts';

const dayMs = 86_400_000;

/** The routes of API keys. */
export const apiKeyRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/api-keys',
    summary: 'Make an API key with some of your permissions; it is shown once',
    auth: 'user',
    scope: 'self',
    body: makeApiKeyBody,
    status: 201,
    output: apiKeyMade,
    commands: [makeApiKey],
    problems: [apiKeyProblems.beyond, stepUpRequired],
    handle: async (request) => {
      const { body, caller } = request;
      await requireStepUp(caller);
      const tooMuch = beyond(body.scopes, caller);
      if (tooMuch.length > 0) {
        throw apiKeyProblems.beyond(`You do not have ${tooMuch.join(', ')}`);
      }
      const { id, key, hash } = newApiKey();
      const act = await ownAct(request);
      const scopes = [...new Set(body.scopes)];
      const expires = body.expiresInDays === undefined ? undefined : new Date(Date.now() + body.expiresInDays * dayMs);
      const others = (await apiKeysOf(act.userId)).length;
      const input = { act, id, hash, name: body.name, scopes, others, ...(expires ? { expiresAt: expires } : {}) };
      const made = await request.submit(makeApiKey, input, 201);
      return { status: 201, body: { ...presentApiKey(made.body as ApiKey), key } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/auth/api-keys',
    summary: 'Your API keys',
    auth: 'user',
    scope: 'self',
    output: apiKeyPage,
    handle: async ({ caller }) => ({
      status: 200,
      body: toPage(await apiKeysOf(caller.userId), limits.pageMax, presentApiKey, () => ''),
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/api/auth/api-keys/:id',
    summary: 'Revoke an API key of yours, at once and everywhere',
    auth: 'user',
    scope: 'owner',
    params: apiKeyParams,
    status: 204,
    commands: [revokeApiKey],
    handle: async (request) => {
      await request.submit(revokeApiKey, { act: await ownAct(request), id: request.params.id });
      return { status: 204 };
    },
  }),
];
