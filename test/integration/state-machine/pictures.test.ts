// Pictures of machines over HTTP: where one stands, where it stood, and who may look.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { XMLValidator } from 'fast-xml-parser';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';

interface Drawn {
  readonly marks: { readonly lit: readonly string[]; readonly visited: readonly string[]; readonly timers: unknown[] };
}

describe('pictures of machines', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let token: string;
  const id = newId();
  const path = `/api/state-machines/onboarding/${id}`;

  before(async () => {
    server = await startServer([userService, authService, gamificationService, stateMachineService]);
    owner = workOwner(server.registry, 'machines');
    owner.start();
    token = (await logInAdmin(server)).accessToken;
    await server.call('POST', '/api/state-machines/create', { token, body: { type: 'onboarding', id } });
    for (const type of ['XP_EARNED', 'LEVEL_REACHED']) {
      assert.equal((await server.call('POST', `${path}/event`, { token, body: { type } })).status, 200);
    }
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const get = async (where: string, by = token) => await server.call('GET', where, { token: by });
  const drawn = async (query: string): Promise<Drawn> =>
    JSON.parse((await get(`${path}/diagram.svg?format=json${query}`)).text) as Drawn;

  it('are SVGs that load nothing, of an instance and of its definition', async () => {
    for (const where of [`${path}/diagram.svg`, '/api/state-machines/definitions/onboarding/diagram.svg']) {
      const { status, headers, text } = await get(where);
      assert.equal(status, 200, text);
      assert.match(headers.get('content-type') ?? '', /^image\/svg\+xml/u);
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/u);
      assert.equal(XMLValidator.validate(text), true);
      assert.match(text, /dormant/u);
    }
  });

  it('show where it stands and its way, and at a step where it stood then', async () => {
    const now = (await drawn('')).marks;
    assert.deepEqual(now.lit, ['onboarding', 'onboarding.active']);
    assert.ok(['onboarding.registered', 'onboarding.firstXp'].every((state) => now.visited.includes(state)));
    const born = (await drawn('&at=0')).marks;
    assert.deepEqual(born.lit, ['onboarding', 'onboarding.registered']);
    assert.ok(!born.visited.includes('onboarding.firstXp'));
    assert.equal(problemOf(await get(`${path}/diagram.svg?at=3`)).code, 'state-machine.step-unknown');
  });

  it('mark an effect that gave up where it was asked for, however many of other machines did', async () => {
    const type = 'pictured';
    const give = { type: 'grant-xp', params: { userId: id, amount: 1, reason: 'x' } };
    const states = {
      a: { on: { GO: { target: 'b.inner', actions: give } } },
      b: { initial: 'inner', states: { inner: { on: { GO: '#end' } } } },
      c: { type: 'final', id: 'end' },
    };
    const definition = {
      access: { create: ['operator'], read: ['owner'] },
      events: { GO: { from: ['operator'] } },
      initial: 'a',
      states,
    };
    const post = async (where: string, body: object, status: number): Promise<void> => {
      const reply = await server.call('POST', `/api/state-machines${where}`, { token, body });
      assert.equal(reply.status, status, reply.text);
    };
    await post('/definitions', { type, definition }, 201);
    await post('/create', { type, id: 'x' }, 201);
    await post(`/${type}/x/event`, { type: 'GO' }, 200);
    const gaveUp = { $set: { state: 'dead' as const } };
    const cause = `e.${type}.x-1-0`;
    assert.equal((await Work.native().updateOne({ idempotencyKey: cause }, gaveUp)).modifiedCount, 1);
    const row = (await Work.native().findOne({ idempotencyKey: cause })) ?? assert.fail('there is no row');
    const others = Array.from({ length: 60 }, (_, nth) => ({
      ...row,
      _id: newId(),
      idempotencyKey: `e.${type}.x-0-1-${nth}`,
    }));
    await Work.native().insertMany(others);
    const where = `/api/state-machines/${type}/x/diagram.svg`;
    const { marks } = JSON.parse((await get(`${where}?format=json`)).text) as { marks: { failed: unknown } };
    assert.deepEqual(marks.failed, [{ state: `${type}.b.inner`, names: ['grant-xp'] }]);
    const { text } = await get(where);
    assert.equal(text.match(/class="[^"]*\bfailed\b/gu)?.length, 1, text);
  });

  it('are a text for Mermaid, too', async () => {
    const { headers, text } = await get(`${path}/diagram.svg?format=mermaid`);
    assert.match(headers.get('content-type') ?? '', /^text\/plain/u);
    assert.match(text, /^stateDiagram-v2/u);
  });

  it('are for those who may read the machine, and of machines that are there', async () => {
    const { accessToken } = await registerSomebody(server, 'Stranger');
    assert.equal(problemOf(await get(`${path}/diagram.svg`, accessToken)).status, 404);
    const none = '/api/state-machines/definitions/nothing/diagram.svg';
    assert.equal(problemOf(await get(none)).code, 'state-machine.unknown-type');
    const gone = '/api/state-machines/definitions/onboarding/diagram.svg?version=7';
    assert.equal(problemOf(await get(gone)).code, 'state-machine.unknown-type');
    assert.equal(problemOf(await get(`${path}/diagram.svg?format=png`)).status, 422);
  });

  it('of drafts are for those who may define machines', async () => {
    const of = (guard: string) => ({
      context: { secret: 1 },
      events: { GO: { from: ['owner'] } },
      initial: 'a',
      states: { a: { on: { GO: { target: 'b', guard } } }, b: { type: 'final' } },
    });
    const register = async (definition: object, more: object) => {
      const reply = await server.call('POST', '/api/state-machines/definitions', {
        token,
        body: { type: 'drafted', definition, ...more },
      });
      assert.equal(reply.status, 201, reply.text);
    };
    await register(of('context.secret == 1'), {});
    await register(of('context.secret == 42'), { activate: false });
    const where = '/api/state-machines/definitions/drafted/diagram.svg?format=mermaid&version=';
    const { accessToken } = await registerSomebody(server, 'Onlooker');
    assert.match((await get(`${where}1`, accessToken)).text, /context\.secret/u);
    assert.equal(problemOf(await get(`${where}2`, accessToken)).code, 'state-machine.unknown-type');
    assert.match((await get(`${where}2`)).text, / 42/u);
  });
});
