// The paths of ventures and their teams.
import { ventureLimits } from '#config/ventures.ts';
import { problems } from '#src/platform/errors.ts';
import { givesTag, ifMatch, requireIfMatch, withTag } from '#src/platform/http/etag.ts';
import { defineRoute, type Caller, type Route, type RouteAnswer } from '#src/platform/http/route.ts';
import { namesOf } from '#src/services/user/index.ts';
import { beginVenture, changeTeamRole, changeVenture, leaveTeam, setVentureState } from './venture.commands.ts';
import { ventureProblems } from './venture.errors.ts';
import type { Venture } from './venture.model.ts';
import { presentVenture } from './venture.presenter.ts';
import { countOwned, findVenture, findVentures, ventureToChange } from './venture.queries.ts';
import {
  changeRole,
  createVenture,
  listVentures,
  teammateParams,
  teamView,
  updateVenture,
  venturePage,
  ventureParams,
  ventureView,
  type TeamView,
} from './venture.schema.ts';

/** What every command is told of the caller beside who they are. */
export const powersOf = (caller: Caller): { mayAll: boolean } => ({ mayAll: caller.can('venture.update.any') });

/** The answer with the ETag of the venture in it. */
function ventureTagged(answer: RouteAnswer): RouteAnswer {
  const { id, version } = ventureView.parse(answer.body);
  return withTag(answer, { id, rev: version });
}

/** The venture, for routes that read. Errors: venture.not-found */
export async function readableVenture(id: string, caller: Caller): Promise<Venture> {
  const venture = await findVenture(id, caller);
  if (!venture) {
    throw ventureProblems.notFound(`There is no venture ${id}`);
  }
  return venture;
}

async function teamOf(venture: Venture, caller: Caller): Promise<TeamView> {
  const names = await namesOf(
    venture.team.map(({ userId }) => userId),
    caller,
  );
  return {
    data: venture.team.map(({ userId, role, joinedAt }) => ({
      userId,
      name: names.get(userId) ?? null,
      role,
      joinedAt: joinedAt.toISOString(),
    })),
  };
}

const reads = [
  defineRoute({
    method: 'get',
    path: '/api/ventures/',
    summary: 'Ventures by name',
    auth: 'user',
    scope: 'visible',
    limit: 'search',
    query: listVentures,
    output: venturePage,
    handle: async ({ query, caller }) => ({ status: 200, body: await findVentures(query, caller) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/ventures/:id',
    summary: 'One venture with its team',
    auth: 'user',
    scope: 'visible',
    params: ventureParams,
    output: ventureView,
    problems: [ventureProblems.notFound],
    givesHeaders: givesTag,
    handle: async ({ params, caller }) =>
      ventureTagged({ status: 200, body: presentVenture(await readableVenture(params.id, caller)) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/ventures/:id/team',
    summary: 'Its team, by when they came',
    auth: 'user',
    scope: 'visible',
    params: ventureParams,
    output: teamView,
    problems: [ventureProblems.notFound],
    handle: async ({ params, caller }) => ({
      status: 200,
      body: await teamOf(await readableVenture(params.id, caller), caller),
    }),
  }),
];

const writes = [
  defineRoute({
    method: 'post',
    path: '/api/ventures/create',
    summary: 'Begin a venture, which is yours then',
    auth: 'user',
    scope: 'self',
    body: createVenture,
    status: 201,
    output: ventureView,
    commands: [beginVenture],
    problems: [ventureProblems.tooMany],
    handle: async ({ body, caller, submit }) => {
      if ((await countOwned(caller.userId, ventureLimits.owned)) >= ventureLimits.owned) {
        throw ventureProblems.tooMany(`Nobody owns more than ${String(ventureLimits.owned)}`);
      }
      return await submit(beginVenture, body, 201);
    },
  }),
  defineRoute({
    method: 'put',
    path: '/api/ventures/:id',
    summary: 'Change a venture; what is left out stays',
    auth: 'user',
    scope: 'member',
    params: ventureParams,
    body: updateVenture,
    output: ventureView,
    commands: [changeVenture],
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    problems: [
      ventureProblems.notFound,
      ventureProblems.roleTooLow,
      problems.preconditionFailed,
      problems.preconditionRequired,
    ],
    handle: async ({ params, body, caller, header, submit }) => {
      const powers = powersOf(caller);
      const { _id: id, rev } = await ventureToChange(params.id, { userId: caller.userId, ...powers });
      const expectVersion = requireIfMatch(header('if-match'), { id, rev });
      const input = { id, ...powers, changes: body, expectVersion };
      return ventureTagged(await submit(changeVenture, input));
    },
  }),
  ...(['archived', 'active'] as const).map((state) =>
    defineRoute({
      method: 'post',
      path: `/api/ventures/:id/${state === 'archived' ? 'archive' : 'restore'}`,
      summary: state === 'archived' ? 'Archive a venture: only its team still sees it' : 'Take an archived venture up',
      auth: 'user',
      scope: 'member',
      params: ventureParams,
      output: ventureView,
      commands: [setVentureState],
      handle: async ({ params, caller, submit }) =>
        await submit(setVentureState, { id: params.id, ...powersOf(caller), state }),
    }),
  ),
];

const team = [
  defineRoute({
    method: 'put',
    path: '/api/ventures/:id/team/:userId',
    summary: 'Give somebody of the team another role',
    auth: 'user',
    scope: 'member',
    params: teammateParams,
    body: changeRole,
    output: ventureView,
    commands: [changeTeamRole],
    handle: async ({ params, body, caller, submit }) =>
      await submit(changeTeamRole, { ...params, ...powersOf(caller), role: body.role }),
  }),
  defineRoute({
    method: 'delete',
    path: '/api/ventures/:id/team/:userId',
    summary: 'Take somebody out of the team, or leave it',
    auth: 'user',
    scope: 'member',
    params: teammateParams,
    output: ventureView,
    commands: [leaveTeam],
    handle: async ({ params, caller, submit }) => await submit(leaveTeam, { ...params, ...powersOf(caller) }),
  }),
];

/** The routes of ventures and teams. */
export const ventureRoutes: readonly Route[] = [...reads, ...writes, ...team];
