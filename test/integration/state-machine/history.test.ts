// What machines went through, over HTTP: as of a step or a moment, and as a story in lines.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Owner } from '#src/platform/commands/owner.ts';
import { newId } from '#src/platform/ids.ts';
import { Timers, Transitions } from '#src/platform/machines/store.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const base = '/api/state-machines/onboarding';

interface Line {
  readonly kind: string;
  readonly [member: string]: unknown;
}

describe('the past of a machine', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, stateMachineService]);
    owner = machinesWorker(server.registry);
    owner.start();
    admin = await logInAdmin(server);
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const get = async (path: string, token = admin.accessToken): Promise<Reply> =>
    await server.call('GET', `${base}${path}`, { token });
  const lived = async (...types: string[]): Promise<string> => {
    const id = newId();
    const token = admin.accessToken;
    const body = { type: 'onboarding', id };
    assert.equal((await server.call('POST', '/api/state-machines/create', { body, token })).status, 201);
    for (const type of types) {
      assert.equal((await server.call('POST', `${base}/${id}/event`, { body: { type }, token })).status, 200);
    }
    return id;
  };
  const exported = async (id: string): Promise<Line[]> =>
    (await get(`/${id}/export`)).text
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Line);

  it('is told with ?at: by step and by moment, beside the page of steps', async () => {
    const id = await lived('SNOOZE', 'XP_EARNED', 'LEVEL_REACHED');
    const steps = await Transitions.native()
      .find({ instance: `onboarding.${id}` })
      .sort({ seq: 1 })
      .toArray();
    const stood = async (at: string): Promise<unknown> => {
      const { status, body } = await get(`/${id}/history?at=${at}`);
      assert.equal(status, 200);
      assert.equal((body as { data: unknown[] }).data.length, 4);
      return (body as { at: { seq: number; value: unknown; tags: unknown } }).at;
    };
    const first = steps[0]?.at ?? assert.fail();
    assert.deepEqual(await stood('0'), {
      seq: 0,
      time: first.toISOString(),
      version: 1,
      value: 'registered',
      status: 'active',
      context: { userId: id, name: null },
      tags: [],
    });
    assert.equal(((await stood('2')) as { value: unknown }).value, 'firstXp');
    // Steps of one millisecond are one moment: the last of them counts.
    for (const step of steps) {
      const last = steps.findLast(({ at }) => at <= step.at);
      assert.equal(((await stood(step.at.toISOString())) as { seq: number }).seq, last?.seq);
    }
    assert.equal(((await stood('2999-01-01T00:00:00Z')) as { seq: number }).seq, 3);
    const before = new Date(first.getTime() - 1).toISOString();
    for (const at of ['4', before]) {
      assert.equal(problemOf(await get(`/${id}/history?at=${at}`)).code, 'state-machine.step-unknown');
    }
    for (const at of ['-1', '1.5', '2026-02-30', 'yesterday', '2026-99-01T00:00:00Z']) {
      assert.equal((await get(`/${id}/history?at=${at}`)).status, 422, at);
    }
    assert.equal('at' in ((await get(`/${id}/history`)).body as object), false);
  });

  it('is exported line by line, with effects, timers and the chain', async () => {
    const id = await lived('SNOOZE', 'LEVEL_REACHED');
    const reply = await get(`/${id}/export`);
    assert.match(reply.headers.get('content-type') ?? '', /^application\/x-ndjson/u);
    const lines = await exported(id);
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['machine', 'transition', 'transition', 'transition', 'effect', 'timer', 'timer', 'timer', 'end'],
    );
    assert.deepEqual(
      lines.filter(({ kind }) => kind === 'transition').map(({ seq, event, to }) => [seq, event, to]),
      [
        [0, { type: 'created' }, 'registered'],
        [1, { type: 'SNOOZE' }, 'registered'],
        [2, { type: 'LEVEL_REACHED' }, 'active'],
      ],
    );
    assert.deepEqual(
      lines.find(({ kind }) => kind === 'effect'),
      {
        kind: 'effect',
        seq: 2,
        index: 0,
        name: 'emit',
        params: { type: 'onboarding.completed', data: { userId: id } },
        outcome: 'told',
      },
    );
    const timers = await Timers.native().countDocuments({ instance: `onboarding.${id}` });
    assert.equal(lines.filter(({ kind, state }) => kind === 'timer' && state === 'cancelled').length, timers);
    assert.deepEqual(lines.at(-1), { kind: 'end', steps: 3, chain: 'intact', brokenAt: null });
  });

  it('is exported whole where it is long, without those of ids that begin alike, and says where it was tampered with', async () => {
    const id = await lived();
    const again = { body: { type: 'SNOOZE' }, token: admin.accessToken };
    await Promise.all(Array.from({ length: 105 }, async () => await server.call('POST', `${base}/${id}/event`, again)));
    const sister = { type: 'onboarding', id: `${id}-0` };
    await server.call('POST', '/api/state-machines/create', { body: sister, token: admin.accessToken });
    const lines = await exported(id);
    assert.equal(lines.filter(({ kind }) => kind === 'transition').length, 106);
    assert.equal(lines.filter(({ kind }) => kind === 'timer').length, 107);
    const ends = async (): Promise<unknown[]> => [
      (await exported(id)).at(-1),
      { kind: 'end', ...((await get(`/${id}/verify`)).body as object) },
    ];
    await Transitions.native().updateOne({ instance: `onboarding.${id}`, seq: 101 }, { $set: { actor: 'x' } });
    const broken = { kind: 'end', steps: 101, chain: 'broken', brokenAt: 101 };
    assert.deepEqual(await ends(), [broken, { ...broken, type: 'onboarding', id }]);
    await Transitions.native().deleteOne({ instance: `onboarding.${id}`, seq: 0 });
    const beheaded = { kind: 'end', steps: 0, chain: 'broken', brokenAt: 0 };
    assert.deepEqual(await ends(), [beheaded, { ...beheaded, type: 'onboarding', id }]);
  });

  it('is nobody else’s', async () => {
    const id = await lived();
    const eve = await registerSomebody(server, 'Eve');
    assert.equal(problemOf(await get(`/${id}/export`, eve.accessToken)).code, 'state-machine.not-found');
    assert.equal((await get(`/${id}/history?at=0`, eve.accessToken)).status, 404);
    assert.equal((await server.call('GET', `${base}/${id}/export`)).status, 401);
  });
});
