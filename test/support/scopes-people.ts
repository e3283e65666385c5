// Fixtures of the walk over all routes for people, what they show of themselves, and their ventures. See scopes.ts.
import { password } from './accounts.ts';
import { eventually } from './eventually.ts';
import type { Fixture, Made, World } from './scope-types.ts';

const ownerOf = ({ people }: World): string => people.owner.user.id;
const strangerOf = ({ people }: World): string => people.stranger.user.id;

/** A path that names the owner, with a body. */
const ofOwner =
  (body?: object, headers?: Record<string, string>): Fixture['make'] =>
  (world) => ({
    params: { id: ownerOf(world) },
    ...(body ? { body } : {}),
    ...(headers ? { headers } : {}),
  });

const idIn = (reply: { readonly body: unknown }): string => (reply.body as { id: string }).id;

/** Everybody may ask, but whom the owner has blocked finds nobody. */
const shown = { blocked: 404, moderator: 'ok', admin: 'ok' } as const;
const ownerless = { owner: 404, moderator: 404, admin: 404 } as const;
const owned = { moderator: 404, admin: 404 } as const;

let count = 0;
let deletions = 0;

/** A skill of the owner that everybody may see. */
async function skill(world: World): Promise<Made['params']> {
  count += 1;
  const { body } = await world.call('owner', 'POST', `/api/users/${ownerOf(world)}/skills`, {
    body: { name: `Walking ${count}`, visibility: 'members' },
  });
  return { id: ownerOf(world), slug: (body as { slug: string }).slug };
}

/** An item of the owner's portfolio that everybody may see. */
async function item(world: World): Promise<Made['params']> {
  count += 1;
  const { body } = await world.call('owner', 'POST', `/api/users/${ownerOf(world)}/portfolio`, {
    body: { kind: 'project', title: `Walk ${count}`, visibility: 'members' },
  });
  return { id: ownerOf(world), item: idIn({ body }) };
}

/** The owner's ETag, for whoever wants to change them. */
const withEtag =
  (path: string, body: object): Fixture['make'] =>
  async (world) => {
    const { headers } = await world.call('owner', 'GET', `/api/users/${ownerOf(world)}${path}`);
    return { params: { id: ownerOf(world) }, body, headers: { 'if-match': headers.get('etag') ?? '' } };
  };

/** A finished export of the owner's. */
async function finishedExport(world: World): Promise<Made> {
  const id = ownerOf(world);
  const begun = await eventually(async () => {
    const reply = await world.call('owner', 'POST', `/api/users/${id}/export`);
    if (reply.status !== 202) {
      throw new Error(`No export: ${reply.text}`);
    }
    return reply;
  });
  const exportId = idIn(begun);
  await eventually(async () => {
    const { body } = await world.call('owner', 'GET', `/api/users/${id}/exports/${exportId}`);
    if ((body as { state: string }).state !== 'ready') {
      throw new Error('The export is not ready');
    }
  });
  return { params: { id, exportId } };
}

/** A session of the owner's that the walk does not use. */
async function anotherSession(world: World): Promise<Made> {
  const { email } = world.people.owner.user;
  await world.call('nobody', 'POST', '/api/auth/login', { body: { email, password } });
  const { body } = await world.call('owner', 'GET', '/api/auth/sessions');
  const other = (body as { data: { id: string; current: boolean }[] }).data.find(({ current }) => !current);
  return { params: { id: other?.id ?? '' } };
}

const pairOf = (world: World): string => {
  const [one, other] = [ownerOf(world), world.people.member.user.id];
  return one < other ? `${one}.${other}` : `${other}.${one}`;
};

/** The member asks the owner to connect, anew. */
async function asked(world: World): Promise<Made> {
  const id = pairOf(world);
  await world.call('member', 'POST', `/api/users/connections/${id}/withdraw`);
  await world.call('member', 'POST', `/api/users/connections/${id}/remove`);
  await world.call('member', 'POST', `/api/users/${ownerOf(world)}/connections`, { body: {} });
  return { params: { id } };
}

/** The member and the owner are connected. */
async function connected(world: World): Promise<Made> {
  const made = await asked(world);
  await world.call('owner', 'POST', `/api/users/connections/${made.params['id'] ?? ''}/accept`);
  return made;
}

const people: Readonly<Record<string, Fixture>> = {
  'get /api/users/:id': { make: ofOwner(), answers: shown },
  'put /api/users/:id': { make: withEtag('', { headline: 'Walks' }), answers: { moderator: 404, admin: 'ok' } },
  'get /api/users/:id/privacy': { make: ofOwner() },
  'put /api/users/:id/privacy': { make: withEtag('/privacy', { bio: 'members' }) },
  'get /api/users/:id/settings': { make: ofOwner(), answers: owned },
  'put /api/users/:id/settings': { make: withEtag('/settings', { searchable: true }), answers: owned },
  'get /api/users/:id/connections': { make: ofOwner() },
  'get /api/users/:id/blocks': { make: ofOwner() },
  'get /api/users/:id/skills': { make: ofOwner(), answers: shown },
  'get /api/users/:id/skills/:slug/endorsements': {
    make: async (world) => ({ params: await skill(world) }),
    answers: shown,
  },
  'get /api/users/:id/portfolio': { make: ofOwner(), answers: shown },
  'get /api/users/:id/portfolio/:item': { make: async (world) => ({ params: await item(world) }), answers: shown },
  'get /api/users/:id/resume': { make: ofOwner(), answers: shown },
  'get /api/users/:id/activity': { make: ofOwner(), answers: shown },
  'get /api/users/:id/exports': { make: ofOwner(), answers: owned },
  'get /api/users/:id/exports/:exportId': { make: finishedExport, answers: owned },
  'get /api/users/:id/exports/:exportId/content': { make: finishedExport, answers: owned },
  'post /api/users/:id/export': { make: async (world) => await finishedExport(world), answers: owned },
  'post /api/users/:id/skills': {
    make: (world) => ({ params: { id: ownerOf(world) }, body: { name: `Own ${(count += 1)}`, visibility: 'members' } }),
  },
  'patch /api/users/:id/skills/:slug': { make: async (world) => ({ params: await skill(world), body: { years: 3 } }) },
  'delete /api/users/:id/skills/:slug': { make: async (world) => ({ params: await skill(world) }) },
  'post /api/users/:id/portfolio': {
    make: ofOwner({ kind: 'project', title: 'Own', visibility: 'members' }),
  },
  'patch /api/users/:id/portfolio/:item': {
    make: async (world) => ({ params: await item(world), body: { title: 'Other' } }),
  },
  'delete /api/users/:id/portfolio/:item': { make: async (world) => ({ params: await item(world) }) },
  'post /api/users/:id/resume': { make: ofOwner({ work: [] }) },
  'get /api/users/:id/analytics': { make: ofOwner() },
  'put /api/users/:id/analytics/views': { make: ofOwner({ counted: true }) },
  'post /api/users/:id/views': { make: ofOwner(), answers: { ...shown, owner: undefined } },
  'post /api/users/:id/skills/:slug/endorsements': {
    // Only whom one is connected to.
    make: async (world) => {
      await connected(world);
      return { params: await skill(world), body: {} };
    },
    answers: { owner: undefined, stranger: 403, member: 'ok', blocked: 404 },
  },
  'delete /api/users/:id/skills/:slug/endorsements': {
    make: async (world) => ({ params: await skill(world) }),
    answers: { owner: undefined, stranger: undefined, member: undefined, blocked: 404 },
  },
  'post /api/users/:id/connections': {
    make: ofOwner({}),
    answers: { owner: undefined, member: undefined, stranger: undefined, blocked: 404 },
  },
  'post /api/users/connections/:id/accept': { make: asked, answers: { member: 409 } },
  'post /api/users/connections/:id/decline': { make: asked, answers: { member: 409 } },
  'post /api/users/connections/:id/withdraw': { make: asked, answers: { owner: undefined } },
  'post /api/users/connections/:id/remove': { make: connected, answers: { owner: 'ok' } },
  'post /api/users/:id/block': {
    make: (world) => ({ params: { id: world.people.admin.user.id } }),
    answers: { owner: undefined, stranger: undefined, member: undefined, blocked: undefined },
  },
  'delete /api/users/:id/block': {
    make: (world) => ({ params: { id: world.people.admin.user.id } }),
    answers: { owner: undefined, stranger: undefined, member: undefined, blocked: undefined },
  },
  // Things that only their owner's proofs make; nobody else finds them.
  'patch /api/auth/passkeys/:id': {
    make: () => ({ params: { id: 'a'.repeat(64) }, body: { name: 'x' } }),
    answers: ownerless,
  },
  'delete /api/auth/passkeys/:id': { make: () => ({ params: { id: 'a'.repeat(64) } }), answers: ownerless },
  'delete /api/auth/api-keys/:id': { make: () => ({ params: { id: 'a'.repeat(32) } }), answers: ownerless },
  'delete /api/auth/sessions/:id': { make: anotherSession, answers: owned },
  'post /api/users/:id/restore': {
    make: async (world) => {
      await world.call('owner', 'DELETE', `/api/users/${ownerOf(world)}`);
      return { params: { id: ownerOf(world) } };
    },
    answers: { moderator: 404, admin: 'ok' },
  },
  'delete /api/users/:id': {
    make: async (world) => {
      await world.call('owner', 'POST', `/api/users/${ownerOf(world)}/restore`);
      deletions += 1;
      // An admin's deletion ends the owner's sessions, and the walk goes on: the last one asked, the admin, finds nobody.
      return { params: { id: deletions % 4 === 0 ? 'nobody-there' : ownerOf(world) } };
    },
    answers: { moderator: 404, admin: 404 },
  },
};

/** A venture of the owner's with the member in its team, that strangers cannot see. */
async function venture(world: World): Promise<string> {
  count += 1;
  const body = { name: `Walk ${count}`, visibility: 'team' };
  const id = idIn(await world.call('owner', 'POST', '/api/ventures/create', { body }));
  const { id: userId } = world.people.member.user;
  await world.call('owner', 'POST', `/api/ventures/${id}/invitations`, { body: { userId, role: 'member' } });
  await world.call('member', 'POST', `/api/ventures/${id}/invitations/${userId}/accept`);
  return id;
}

const ofVenture =
  (body?: object): Fixture['make'] =>
  async (world) => ({ params: { id: await venture(world) }, ...(body ? { body } : {}) });

const ofTeammate =
  (body?: object): Fixture['make'] =>
  async (world) => ({
    params: { id: await venture(world), userId: world.people.member.user.id },
    ...(body ? { body } : {}),
  });

const invited: Fixture['make'] = async (world) => {
  const id = await venture(world);
  const body = { userId: strangerOf(world), role: 'viewer' };
  await world.call('owner', 'POST', `/api/ventures/${id}/invitations`, { body });
  return { params: { id, userId: strangerOf(world) } };
};

/** The team may read; only its owner and admins may change. `venture.read.any` is the moderators', too. */
const reading = { stranger: 404, moderator: 'ok', admin: 'ok' } as const;
const leading = { member: 403, admin: 'ok' } as const;
/** The stranger is who was invited. */
const answering = { owner: 404, stranger: 'ok', admin: 404 } as const;

const ventures: Readonly<Record<string, Fixture>> = {
  'get /api/ventures/:id': { make: ofVenture(), answers: { ...reading, blocked: 404 } },
  'get /api/ventures/:id/team': { make: ofVenture(), answers: { ...reading, blocked: 404 } },
  'put /api/ventures/:id': {
    make: async (world) => ({ ...(await ofVenture({ stage: 'idea' })(world)), headers: { 'if-match': '*' } }),
    answers: leading,
  },
  'post /api/ventures/:id/archive': { make: ofVenture(), answers: leading },
  'post /api/ventures/:id/restore': { make: ofVenture(), answers: leading },
  'put /api/ventures/:id/team/:userId': { make: ofTeammate({ role: 'viewer' }), answers: leading },
  'delete /api/ventures/:id/team/:userId': { make: ofTeammate(), answers: { ...leading, member: 'ok', owner: 'ok' } },
  'post /api/ventures/:id/invitations': {
    make: async (world) => ({
      params: { id: await venture(world) },
      body: { userId: strangerOf(world), role: 'viewer' },
    }),
    answers: leading,
  },
  'get /api/ventures/:id/invitations': { make: ofVenture(), answers: { ...leading, moderator: 403 } },
  'post /api/ventures/:id/invitations/:userId/withdraw': { make: invited, answers: { admin: 'ok' } },
};

const answersOfInvited: Readonly<Record<string, Fixture>> = Object.fromEntries(
  ['accept', 'decline'].map((answer): [string, Fixture] => [
    `post /api/ventures/:id/invitations/:userId/${answer}`,
    { make: invited, answers: answering },
  ]),
);

/** Everything of people and ventures. */
export const fixturesOfPeople: Readonly<Record<string, Fixture>> = { ...people, ...ventures, ...answersOfInvited };
