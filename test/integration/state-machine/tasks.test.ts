// What machines wait for from a user, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { newId } from '#src/platform/ids.ts';
import { compileDefinition, parseDefinition } from '#src/platform/machines/data/data.ts';
import { create } from '#src/platform/machines/instance.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { onboarding } from '#machines/onboarding.machine.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { startServer, type TestServer } from '../../support/http.ts';

interface Page {
  readonly data: readonly { id: string; event: string; title: string; since: string; dueAt?: string }[];
  readonly page: { readonly nextCursor: string | null; readonly hasMore: boolean };
}

const since = new Date('2026-01-01T00:00:00.000Z');

/** Its guard takes about a tenth of a second to say yes. */
const costly = {
  input: { type: 'object', properties: { owner: { type: 'string' } }, required: ['owner'] },
  context: { owner: { $cel: 'input.owner' }, many: Array.from({ length: 200 }, (_, index) => index) },
  owner: { $cel: 'context.owner' },
  events: { GO: { from: ['owner'], task: 'Go' } },
  initial: 'open',
  states: {
    open: {
      on: {
        GO: { target: 'gone', guard: 'context.many.exists(one, context.many.exists(two, two == one + 1000)) || true' },
      },
    },
    gone: { type: 'final' },
  },
};

describe('GET /api/state-machines/tasks', function () {
  this.timeout(20_000);
  let server: TestServer;
  let admin: LoggedIn;
  let ada: LoggedIn;
  let bo: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, stateMachineService]);
    admin = await logInAdmin(server);
    ada = await registerSomebody(server, 'Ada');
    bo = await registerSomebody(server, 'Bo');
  });
  after(async () => {
    await server.close();
  });

  /** Machines whose definition has no tasks, with some laid upon them. */
  const wait = async (names: readonly string[], events: readonly string[], count = 1): Promise<string[]> => {
    const cause = { eventId: 'c.1', actor: 'system', requestId: 'r', now: since };
    const instances = Array.from({ length: count }, () => {
      const { instance } = create(onboarding, { id: newId(), input: {}, inputHash: '' }, cause);
      const tasks = events.map((event) => ({ event, title: `Do ${event}`, names, since }));
      return { ...instance, tasks, taskNames: names };
    });
    await MachineInstances.native().insertMany(instances);
    return instances.map(({ key }) => key);
  };
  const tasks = async (by: LoggedIn, query = ''): Promise<Page> => {
    const reply = await server.call('GET', `/api/state-machines/tasks${query}`, { token: by.accessToken });
    assert.equal(reply.status, 200);
    return reply.body as Page;
  };

  it('lists each task the caller has by a name or a role, with when it began and is due', async () => {
    const [own] = await wait([`user.${ada.user.id}`], ['XP_EARNED', 'LEVEL_REACHED']);
    const [role] = await wait(['role.user'], ['SNOOZE']);
    const dueAt = new Date(since.getTime() + 3 * 86_400_000).toISOString();
    const shared = { type: 'onboarding', since: since.toISOString(), dueAt };
    const { data, page } = await tasks(ada);
    assert.deepEqual(data, [
      { ...shared, id: own, event: 'LEVEL_REACHED', title: 'Do LEVEL_REACHED' },
      { ...shared, id: own, event: 'XP_EARNED', title: 'Do XP_EARNED' },
      { ...shared, id: role, event: 'SNOOZE', title: 'Do SNOOZE' },
    ]);
    assert.deepEqual(page, { nextCursor: null, hasMore: false });
    assert.deepEqual(
      (await tasks(bo)).data.map(({ event }) => event),
      ['SNOOZE'],
    );
    assert.deepEqual((await tasks(ada, '?type=nothing')).data, []);
    await MachineInstances.native().deleteMany({ taskNames: { $exists: true } });
  });

  it('leaves out what every guard says no to', async () => {
    await wait([`user.${ada.user.id}`], ['NOPE']);
    assert.deepEqual((await tasks(ada)).data, []);
    await MachineInstances.native().deleteMany({ taskNames: { $exists: true } });
  });

  it('goes page by page through machines with several tasks, past many with none left', async () => {
    const names = [`user.${ada.user.id}`, 'role.user'];
    await wait(names, ['NOPE'], 310);
    const ids = await wait(names, ['XP_EARNED', 'LEVEL_REACHED', 'SNOOZE'], 5);
    const seen: string[] = [];
    let query = '?limit=2';
    for (let pages = 0; ; pages += 1) {
      assert.ok(pages < 20);
      const { data, page } = await tasks(ada, query);
      seen.push(...data.map(({ id, event }) => `${id} ${event}`));
      assert.equal(page.hasMore, page.nextCursor !== null);
      if (page.nextCursor === null) {
        break;
      }
      query = `?limit=2&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    const wanted = ids.flatMap((id) => ['LEVEL_REACHED', 'SNOOZE', 'XP_EARNED'].map((event) => `${id} ${event}`));
    assert.deepEqual(seen, wanted.toSorted());
    const foreign = await server.call('GET', `/api/state-machines/tasks${query}&type=onboarding`, {
      token: ada.accessToken,
    });
    assert.equal(foreign.status, 422, 'a cursor of another list');
    const plan = await MachineInstances.native()
      .find({ taskNames: { $exists: true, $in: names } })
      .sort({ _id: 1 })
      .explain('queryPlanner');
    assert.match(JSON.stringify(plan), /"indexName":"taskNames_1__id_1"/u);
    await MachineInstances.native().deleteMany({ taskNames: { $exists: true } });
  });

  it('judges as much as one request may, and says with its cursor where it goes on', async () => {
    const reply = await server.call('POST', '/api/state-machines/definitions', {
      token: admin.accessToken,
      body: { type: 'costly', definition: costly },
    });
    assert.equal(reply.status, 201, reply.text);
    const definition = compileDefinition(parseDefinition(costly), { type: 'costly', version: 1 });
    const cause = { eventId: 'c.1', actor: 'system', requestId: 'r', now: since };
    const made = Array.from({ length: 30 }, () => {
      const born = { id: newId(), input: { owner: ada.user.id }, inputHash: '' };
      return create(definition, born, cause).instance;
    });
    await MachineInstances.native().insertMany(made);
    const first = await tasks(ada, '?limit=100');
    assert.ok(first.data.length > 0 && first.data.length < 15, `${first.data.length} were judged`);
    const seen = first.data.map(({ id }) => id);
    for (let { nextCursor } = first.page; nextCursor !== null;) {
      const { data, page } = await tasks(ada, `?limit=100&cursor=${encodeURIComponent(nextCursor)}`);
      seen.push(...data.map(({ id }) => id));
      ({ nextCursor } = page);
    }
    assert.deepEqual(seen, made.map(({ key }) => key).toSorted());
    await MachineInstances.native().deleteMany({ taskNames: { $exists: true } });
  });
});
