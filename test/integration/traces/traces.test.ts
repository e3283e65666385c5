// Following a request over HTTP, on real MongoDB and Redis with owners that commit: what it left, who may see it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { feedOwner } from '#src/platform/events/feeds.ts';
import { newId } from '#src/platform/ids.ts';
import { Timers, Transitions } from '#src/platform/machines/store.ts';
import { traces } from '#src/platform/traces/traces.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { websocketService } from '#src/services/websocket/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { asLoggedIn, logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const shape = z.strictObject({
  requestId: z.string(),
  truncated: z.boolean(),
  steps: z.array(
    z.looseObject({
      at: z.iso.datetime(),
      what: z.string(),
      id: z.string(),
      title: z.string(),
      parent: z.string().optional(),
    }),
  ),
});
type Trace = z.output<typeof shape>;

describe('traces', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owners: Owner[];
  let admin: LoggedIn;
  let ada: LoggedIn;

  before(async () => {
    server = await startServer([
      userService,
      authService,
      gamificationService,
      stateMachineService,
      websocketService,
      operations,
      traces,
    ]);
    owners = [workOwner(server.registry, 'gamification'), machinesWorker(server.registry), feedOwner()];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
    ada = await registerSomebody(server, 'Ada');
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const ask = async (path: string, token = admin.accessToken): Promise<Reply> =>
    await server.call('GET', `/api/traces/${path}`, { token });
  const traceOf = async (path: string, token?: string): Promise<Trace> => shape.parse((await ask(path, token)).body);
  const grant = async (requestId: string, userId: string, amount = 10): Promise<Reply> =>
    await server.call('POST', '/api/gamification/xp/add', {
      body: { userId, amount, reason: 'talk' },
      headers: { 'X-Request-Id': requestId },
      token: admin.accessToken,
    });
  /** The kinds from a step up to the request. */
  const lineage = ({ steps }: Trace, id: string | undefined): string[] => {
    const step = steps.find((each) => each.id === id);
    return step ? [step.what, ...lineage({ steps } as Trace, step.parent)] : [];
  };

  it('tells of a grant as far as the machine it moved, each step under its cause, in order of time', async () => {
    const { user } = await registerSomebody(server);
    await eventually(async () => assert.ok(await Transitions.native().findOne({ instance: `onboarding.${user.id}` })));
    const requestId = `grant-${newId()}`;
    assert.equal((await grant(requestId, user.id)).status, 201);
    const trace = await eventually(async () => {
      const found = await traceOf(requestId);
      // Two events of the grant in one feed, one of the step in two.
      assert.equal(found.steps.filter(({ what }) => what === 'placed').length, 4);
      return found;
    });
    const { steps } = trace;
    assert.equal(new Set(steps.map(({ id }) => id)).size, steps.length, 'ids are unique');
    assert.deepEqual(
      steps.map(({ at }) => at),
      steps.map(({ at }) => at).toSorted(),
    );
    const moved = steps.find(({ what }) => what === 'transition');
    assert.deepEqual(lineage(trace, moved?.id), ['transition', 'accepted', 'event', 'accepted', 'request']);
    const row = await Transitions.native().findOne({ requestId });
    assert.equal(moved?.id, row?._id);
    const placed = steps.find(({ feed }) => feed === `machine.onboarding.${user.id}`);
    assert.deepEqual(lineage(trace, placed?.id), ['placed', 'event', 'accepted', 'event', 'accepted', 'request']);
    assert.equal(placed?.['seq'], 2);
    assert.equal(steps.filter(({ what }) => what === 'done').length, 2);
    assert.ok(!trace.truncated);
    for (const step of steps.slice(1)) {
      const parent = steps.findIndex(({ id }) => id === step.parent);
      assert.ok(parent >= 0 && parent < steps.indexOf(step), `${step.what} ${step.id} stands behind its cause`);
    }
  });

  it('tells of a direct command, and of a timer from its arming to the step it causes', async () => {
    const requestId = `register-${newId()}`;
    const body = { email: `${newId()}@example.test`, name: 'Tim', password: 'correct horse battery' };
    const registered = await server.call('POST', '/api/auth/register', {
      body,
      headers: { 'X-Request-Id': requestId },
    });
    assert.equal(registered.status, 201);
    const timer = await eventually(async () => {
      const found = await Timers.native().findOne({ requestId, state: 'armed' });
      assert.ok(found);
      return found;
    });
    await Timers.native().updateOne({ _id: timer._id }, { $set: { dueAt: new Date(Date.now() - 5_000) } });
    const trace = await eventually(async () => {
      const found = await traceOf(requestId);
      assert.ok(found.steps.some(({ id }) => id === `${timer._id}.fired`));
      return found;
    });
    const after = trace.steps.findLast(({ what }) => what === 'transition');
    assert.deepEqual(
      lineage(trace, after?.id).slice(0, 4),
      ['transition', 'accepted', 'timer-armed', 'transition'],
      'the step the timer caused, its row, the timer, the step that armed it',
    );
    assert.equal(lineage(trace, after?.id).at(-1), 'request');
    assert.ok(trace.steps.some(({ what, title }) => what === 'accepted' && title.startsWith('auth.account.')));
  });

  it('shows operators why work gave up, and its maker that it did', async () => {
    const requestId = `dead-${newId()}`;
    const id = newId();
    const now = new Date();
    const row = { kind: 'gamification.xp.add', shard: 'gamification.0', key: 'user.x', requestId, acceptedAt: now };
    await Work.native().insertOne({
      ...row,
      _id: id,
      input: {},
      actor: ada.user.id,
      requestHash: '',
      state: 'dead',
      attempts: 3,
      error: 'inner workings',
      notBefore: now,
      doneAt: now,
    });
    const letter = { ...row, _id: id, error: 'inner workings', attempts: 3, deadAt: now, redrives: 0 };
    await DeadLetters.native().insertOne(letter);
    const seen = async (token: string) => (await traceOf(requestId, token)).steps.find(({ what }) => what === 'dead');
    assert.equal((await seen(admin.accessToken))?.['error'], 'inner workings');
    const own = await seen(ada.accessToken);
    assert.deepEqual([own?.parent, own?.['attempts'], own?.['error']], [id, 3, undefined]);
    assert.ok(!(await ask(requestId, ada.accessToken)).text.includes('inner workings'));
  });

  it('shows people their own requests only; those of others do not exist', async () => {
    const own = `own-${newId()}`;
    const snooze = async (id: string): Promise<Reply> =>
      await server.call('POST', `/api/state-machines/onboarding/${ada.user.id}/event`, {
        body: { type: 'SNOOZE' },
        headers: { 'X-Request-Id': id },
        token: ada.accessToken,
      });
    assert.equal((await snooze(own)).status, 200);
    assert.equal((await ask(own, ada.accessToken)).status, 200);
    const theirs = `theirs-${newId()}`;
    await grant(theirs, ada.user.id);
    assert.equal(problemOf(await ask(theirs, ada.accessToken)).code, 'request.not-found');
    assert.equal((await ask(`${theirs}/story`, ada.accessToken)).status, 404);
    // Naming a request of one's own as another's is named shows nothing of the other.
    await snooze(theirs);
    assert.equal((await ask(theirs, ada.accessToken)).status, 404);
    assert.equal((await ask(newId())).status, 404);
    assert.equal((await server.call('GET', `/api/traces/${own}`)).status, 401);
    assert.equal((await ask(own, ada.accessToken)).status, 200);
  });

  it('shows people how their own account came to be, and nobody else', async () => {
    const register = async (requestId: string): Promise<LoggedIn> => {
      const body = { email: `${newId()}@example.test`, name: 'New', password: 'correct horse battery' };
      const headers = { 'X-Request-Id': requestId };
      const reply = await server.call('POST', '/api/auth/register', { body, headers });
      assert.equal(reply.status, 201, reply.text);
      return asLoggedIn(reply.body);
    };
    const requestId = `made-${newId()}`;
    const eve = await register(requestId);
    const own = await traceOf(requestId, eve.accessToken);
    assert.ok(own.steps.some(({ what, title }) => what === 'event' && title.startsWith('user.registered')));
    assert.equal((await ask(requestId, ada.accessToken)).status, 404);
    // Its rows are kept for a day; the event that tells of it stays.
    await Work.native().deleteMany({ requestId });
    assert.equal((await ask(requestId, eve.accessToken)).status, 200);
    // Two who named their requests alike see nothing of each other, and so nothing.
    const shared = `made-${newId()}`;
    const [one, other] = [await register(shared), await register(shared)];
    assert.equal((await ask(shared, one.accessToken)).status, 404);
    assert.equal((await ask(shared, other.accessToken)).status, 404);
    // Nor does whoever asked for a mail to somebody else under the name of a registration.
    const named = `made-${newId()}`;
    const fay = await register(named);
    assert.equal((await ask(named, fay.accessToken)).status, 200);
    const forgot = { body: { email: ada.user.email }, headers: { 'X-Request-Id': named } };
    assert.equal((await server.call('POST', '/api/auth/password/forgot', forgot)).status, 202);
    assert.equal((await ask(named, fay.accessToken)).status, 404);
  });

  it('is found from a badge: by the event that awarded it, in the feed of whoever has it', async () => {
    const { user, accessToken } = await registerSomebody(server);
    const requestId = `badge-${newId()}`;
    await grant(requestId, user.id);
    const feed = `/api/websocket/feeds/user.${user.id}?since=0`;
    const awarded = await eventually(async () => {
      const { data } = (await server.call('GET', feed, { token: accessToken })).body as {
        data: readonly { event: { id: string; type: string; requestid: string; data: { badge?: { code: string } } } }[];
      };
      const found = data.find(({ event }) => event.data.badge?.code === 'first-contribution');
      assert.ok(found);
      return found.event;
    });
    assert.equal(awarded.requestid, requestId);
    const { steps } = await traceOf(awarded.requestid);
    assert.ok(steps.some(({ id, title }) => id === awarded.id && title.startsWith('badge.awarded')));
  });

  it('is bounded, and says so; a limit or an id that does not fit is refused', async () => {
    const requestId = `many-${newId()}`;
    await Promise.all([1, 2, 3, 4].map(async () => await grant(requestId, ada.user.id)));
    const few = await traceOf(`${requestId}?limit=3`);
    assert.deepEqual([few.truncated, few.steps.length], [true, 3]);
    const all = await traceOf(requestId);
    assert.deepEqual(
      [all.truncated, all.steps.filter(({ title }) => title.startsWith('gamification.xp.add done')).length],
      [false, 4],
    );
    assert.match((await ask(`${requestId}/story?limit=3`)).text, /More was left out/u);
    assert.equal((await ask(`${requestId}?limit=${limits.traceMax + 1}`)).status, 422);
    assert.equal((await ask(`${requestId}?steps=1`)).status, 422);
    assert.equal((await ask('a%20b')).status, 422);
  });

  it('is told as a text for the terminal', async () => {
    const requestId = `story-${newId()}`;
    await grant(requestId, ada.user.id);
    const story = await ask(`${requestId}/story`);
    assert.match(story.headers.get('content-type') ?? '', /^text\/plain/u);
    const lines = story.text.split('\n');
    assert.match(lines[0] ?? '', new RegExp(`^request ${requestId}, `, 'u'));
    const depth = (text: string): number =>
      lines.find((each) => each.includes(text))?.search(/[a-z]+ +\S+ for|event/u) ?? -1;
    const accepted = lines.find((each) => each.includes('accepted')) ?? '';
    assert.match(accepted, new RegExp(`\\+0 ms {2}accepted {4}gamification\\.xp\\.add for user\\.${ada.user.id}`, 'u'));
    assert.ok(depth('xp.added about') > accepted.indexOf('accepted'), 'what follows stands further in');
  });

  it('reads every collection by index', async () => {
    const [work, events, transitions, timers] = await Promise.all(
      [Work, Events, Transitions, Timers].map(async ({ model }) => {
        const plan = await model.collection.find({ requestId: 'r' }).explain('queryPlanner');
        return JSON.stringify(plan['queryPlanner'].winningPlan);
      }),
    );
    for (const plan of [work, events, transitions, timers]) {
      assert.ok(plan?.includes('"IXSCAN"') === true && !plan.includes('COLLSCAN'), plan);
    }
    // And it is this index that the trace itself insists on: without it the answer is an error, not a scan.
    await Transitions.native().dropIndex('requestId_1');
    try {
      assert.equal((await ask(newId())).status, 500);
    } finally {
      await Transitions.native().createIndex({ requestId: 1 });
    }
  });
});
