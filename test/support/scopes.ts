// What the walk over all routes (test/integration/http/scopes.test.ts) needs to know of each: how its owner makes the thing
// that the path names, and who is told otherwise than the scope says. Add the routes of a service here.
import { newId } from '#src/platform/ids.ts';
import { eventually } from './eventually.ts';
import type { Fixture, ListFixture, Made, World } from './scope-types.ts';
import { fixturesOfPeople } from './scopes-people.ts';

const ownId = ({ people }: World): string => people.owner.user.id;
const aboutOwner =
  (param: string): Fixture['make'] =>
  (world) => ({ params: { [param]: ownId(world) } });

/** The machine every newcomer gets. */
async function onboarding(world: World): Promise<Made> {
  const params = { type: 'onboarding', id: ownId(world) };
  await eventually(async () => {
    const { status } = await world.call('owner', 'GET', `/api/state-machines/onboarding/${params.id}/state`);
    if (status !== 200) {
      throw new Error(`The owner's machine is not there yet: ${status}`);
    }
  });
  return { params };
}

/** A machine that its owner may cancel. */
async function cancellable(world: World): Promise<Made> {
  const definition = {
    input: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] },
    context: { who: { $cel: 'input.who' } },
    owner: { $cel: 'context.who' },
    access: { create: ['operator'], read: ['owner'], cancel: ['owner'] },
    initial: 'open',
    states: { open: { after: { P1D: 'over' } }, over: { type: 'final' } },
  };
  const type = 'walked';
  const body = { type, definition };
  const registered = await world.call('admin', 'POST', '/api/state-machines/definitions', { body });
  const id = newId();
  const created = await world.call('admin', 'POST', '/api/state-machines/create', {
    body: { type, id, input: { who: ownId(world) } },
  });
  if (registered.status > 201 || created.status !== 201) {
    throw new Error(`A machine to cancel could not be made: ${registered.text} ${created.text}`);
  }
  return { params: { type, id }, body: {} };
}

const snooze = { type: 'SNOOZE' };
let requests = 0;

/** An operation of the owner, and the request that began it. */
async function operation(world: World): Promise<{ id: string; requestId: string }> {
  const { params } = await onboarding(world);
  requests += 1;
  const requestId = `walk-${requests}-${Date.now()}`;
  const headers = { prefer: 'respond-async', 'x-request-id': requestId };
  const path = `/api/state-machines/onboarding/${params['id']}/event`;
  const { body } = await world.call('owner', 'POST', path, { headers, body: snooze });
  return { id: (body as { id: string }).id, requestId };
}

const trace: Fixture = {
  make: async (world) => ({ params: { requestId: (await operation(world)).requestId } }),
  answers: { moderator: 404, admin: 'ok' },
};

/** By `<method> <path>`: every route of the scopes owner, member and visible whose path names a thing. */
export const fixtures: Readonly<Record<string, Fixture>> = {
  ...fixturesOfPeople,
  'get /api/users/:id/roles': { make: aboutOwner('id'), answers: { moderator: 404, admin: 'ok' } },
  'get /api/gamification/xp/:userId': { make: aboutOwner('userId'), answers: { blocked: 404 } },
  'get /api/gamification/profile/:userId': { make: aboutOwner('userId'), answers: { blocked: 404 } },
  'get /api/websocket/feeds/:feed': {
    make: (world) => ({ params: { feed: `user.${ownId(world)}` } }),
    answers: { member: 404, moderator: 'ok', admin: 'ok' },
  },
  'post /api/state-machines/:type/:id/event': {
    make: async (world) => ({ ...(await onboarding(world)), body: snooze }),
    answers: { moderator: 403, admin: 'ok' },
  },
  'post /api/state-machines/:type/:id/cancel': { make: cancellable, answers: { moderator: 403, admin: 'ok' } },
  'get /api/state-machines/:type/:id/state': { make: onboarding, answers: { moderator: 'ok', admin: 'ok' } },
  'get /api/state-machines/:type/:id/history': { make: onboarding, answers: { moderator: 'ok', admin: 'ok' } },
  'get /api/state-machines/:type/:id/verify': { make: onboarding, answers: { moderator: 'ok', admin: 'ok' } },
  'get /api/state-machines/:type/:id/wait': {
    make: async (world) => ({ ...(await onboarding(world)), query: '?for=state:registered&timeout=0' }),
    answers: { moderator: 'ok', admin: 'ok' },
  },
  'get /api/state-machines/:type/:id/export': { make: onboarding, answers: { moderator: 'ok', admin: 'ok' } },
  'get /api/state-machines/:type/:id/diagram.svg': { make: onboarding, answers: { moderator: 'ok', admin: 'ok' } },
  'get /api/state-machines/definitions/:type/diagram.svg': {
    make: async () => await Promise.resolve({ params: { type: 'onboarding' } }),
    answers: { moderator: 'ok', admin: 'ok' },
  },
  'get /api/operations/:id': {
    make: async (world) => ({ params: { id: (await operation(world)).id } }),
    answers: { moderator: 404, admin: 'ok' },
  },
  'get /api/traces/:requestId': trace,
  'get /api/traces/:requestId/story': trace,
};

/** By `<method> <path>`: every list that is not behind a permission. */
export const lists: Readonly<Record<string, ListFixture>> = {
  'get /api/users/': { single: 'get /api/users/:id', params: ({ id }) => ({ id: String(id) }) },
  'get /api/ventures/': {
    single: 'get /api/ventures/:id',
    params: ({ id }) => ({ id: String(id) }),
    members: ['id', 'name', 'state', 'visibility'],
  },
  'get /api/state-machines': {
    single: 'get /api/state-machines/:type/:id/state',
    params: ({ type, id }) => ({ type: String(type), id: String(id) }),
  },
  'get /api/gamification/leaderboard': {
    single: 'get /api/gamification/profile/:userId',
    params: ({ userId }) => ({ userId: String(userId) }),
    members: ['userId'],
  },
};

/** What ties the people together before the walk: groups the owner shares with the member, whom the owner has blocked. */
export const ties: readonly ((world: World) => Promise<void>)[] = [
  async (world) => {
    await world.call('owner', 'POST', `/api/users/${world.people.blocked.user.id}/block`);
    const id = world.people.owner.user.id;
    await world.call('member', 'POST', `/api/users/${id}/connections`, { body: {} });
  },
  // Somebody must stand on the leaderboard; the owner's first points would move their machine on.
  async (world) => {
    const body = { userId: world.people.stranger.user.id, amount: 5, reason: 'came along' };
    await world.call('admin', 'POST', '/api/gamification/xp/add', { body });
  },
];
