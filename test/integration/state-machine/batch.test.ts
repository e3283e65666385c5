// Many events in one request, and events that their senders name.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { Transitions } from '#src/platform/machines/store.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const base = '/api/state-machines';

interface Answer {
  readonly status: number;
  readonly body?: { readonly seq: number; readonly id: string; readonly state?: string };
  readonly problem?: { readonly code: string; readonly verdicts?: unknown };
  readonly replayed?: true;
  readonly location?: string;
}

describe('many events at once', function () {
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

  const post = async (path: string, body: object, headers = {}, token = admin.accessToken): Promise<Reply> =>
    await server.call('POST', `${base}${path}`, { body, token, headers });
  const made = async (): Promise<string> => {
    const id = newId();
    assert.equal((await post('/create', { type: 'onboarding', id })).status, 201);
    return id;
  };
  const to = (id: string, type: string, more: object = {}): object => ({
    type: 'onboarding',
    id,
    event: { type },
    ...more,
  });
  const answers = async (events: readonly object[], headers = {}): Promise<Answer[]> => {
    const reply = await post('/events', { events }, headers);
    assert.equal(reply.status, 200);
    return (reply.body as { data: Answer[] }).data;
  };
  const typesOf = async (id: string): Promise<string[]> =>
    (
      await Transitions.native()
        .find({ instance: `onboarding.${id}` })
        .sort({ seq: 1 })
        .toArray()
    ).map(({ event }) => event.type);

  it('are answered one by one, those of one machine in their order', async () => {
    const [a, b] = [await made(), await made()];
    const notAccepted = '409 state-machine.event-not-accepted';
    const types = ['SNOOZE', 'XP_EARNED', 'SNOOZE', 'XP_EARNED', 'LEVEL_REACHED'];
    const given = await answers([
      ...types.flatMap((type) => [to(a, type), to(b, type)]),
      to(a, 'LEVEL_REACHED', { expectSeq: 1 }),
      to(newId(), 'SNOOZE'),
      to(b, 'NOPE'),
    ]);
    assert.deepEqual(
      given.map(({ status, body, problem }) => body?.seq ?? `${status} ${problem?.code}`),
      [
        [1, 1, 2, 2],
        [notAccepted, notAccepted],
        [3, 3, 4, 4],
        ['412 state-machine.seq-differs', '404 state-machine.not-found', notAccepted],
      ].flat(),
    );
    assert.deepEqual(await typesOf(a), ['created', 'SNOOZE', 'XP_EARNED', 'XP_EARNED', 'LEVEL_REACHED']);
    assert.deepEqual(given[4]?.problem?.verdicts, []);
  });

  it('are taken once under one Idempotency-Key and position, also when their rows are gone', async () => {
    const id = await made();
    const events = [to(id, 'SNOOZE'), to(id, 'XP_EARNED'), to(id, 'NOPE')];
    const headers = { 'Idempotency-Key': newId() };
    const first = await answers(events, headers);
    const again = await answers(events, headers);
    assert.deepEqual(
      again.map(({ replayed }) => replayed),
      [true, true, undefined],
    );
    assert.deepEqual(
      again.map(({ body, problem }) => body ?? problem?.code),
      first.map(({ body, problem }) => body ?? problem?.code),
    );
    await Work.native().deleteMany({ key: `onboarding.${id}` });
    const late = await answers(events.slice(0, 2), headers);
    assert.deepEqual(
      late.map(({ body, replayed }) => [body, replayed]),
      first.slice(0, 2).map(({ body }) => [body, true]),
    );
    assert.equal((await typesOf(id)).length, 3);
    const other = await answers([to(id, 'XP_EARNED')], headers);
    assert.equal(other[0]?.problem?.code, 'idempotency.body-differs');
    const long = await post('/events', { events }, { 'Idempotency-Key': 'k'.repeat(251) });
    assert.equal(problemOf(long).code, 'request.malformed');
  });

  it('may each have an id of their own, which names them by themselves, too', async () => {
    const [a, b] = [await made(), await made()];
    const eventId = newId();
    const given = await answers([
      to(a, 'SNOOZE', { eventId }),
      to(b, 'SNOOZE', { eventId }),
      to(a, 'SNOOZE', { eventId }),
      to(a, 'XP_EARNED', { eventId }),
    ]);
    assert.deepEqual(
      given.map(({ body, replayed, problem }) => [body?.seq, replayed, problem?.code]),
      [
        [1, undefined, undefined],
        [1, undefined, undefined],
        [1, true, undefined],
        [undefined, undefined, 'idempotency.body-differs'],
      ],
    );
    const alone = async (headers = {}): Promise<Reply> =>
      await post(`/onboarding/${a}/event`, { type: 'SNOOZE', eventId }, headers);
    for (const reply of [await alone(), await alone({ 'Idempotency-Key': newId() })]) {
      assert.equal(reply.headers.get('idempotency-replayed'), 'true');
      assert.deepEqual(reply.body, given[0]?.body);
    }
    await Work.native().deleteMany({ key: `onboarding.${a}` });
    const late = await alone();
    assert.equal(late.headers.get('idempotency-replayed'), 'true', 'a day later the step itself has the answer');
    assert.deepEqual(late.body, given[0]?.body);
    assert.deepEqual(await typesOf(a), ['created', 'SNOOZE']);
    const step = await Transitions.native().findOne({ instance: `onboarding.${a}`, seq: 1 });
    assert.equal(step?.eventId, `c.${admin.user.id}.${eventId}`);
  });

  it('are accepted by one write with respond-async, and done in their order', async () => {
    const id = await made();
    const events = Array.from({ length: 100 }, () => to(id, 'SNOOZE'));
    const given = await answers(events, { Prefer: 'respond-async' });
    assert.ok(given.every(({ status, location, body }) => status === 202 && location?.endsWith(body?.id ?? '?')));
    await eventually(async () => assert.equal((await typesOf(id)).length, 101));
    const rows = await Work.native()
      .find({ _id: { $in: given.map(({ body }) => body?.id ?? '') } })
      .toArray();
    const seqs = new Map(rows.map(({ _id, result }) => [_id, (result as { seq: number }).seq]));
    assert.deepEqual(
      given.map(({ body }) => seqs.get(body?.id ?? '')),
      events.map((_, index) => index + 1),
    );
  });

  it('are at most a hundred, of those the caller may send, and hold no reserved ones', async () => {
    const id = await made();
    const event = to(id, 'SNOOZE');
    const eve = await registerSomebody(server, 'Eve');
    const foreign = (await post('/events', { events: [event] }, {}, eve.accessToken)).body as { data: Answer[] };
    assert.equal(foreign.data[0]?.problem?.code, 'state-machine.not-found');
    for (const events of [
      [],
      Array(101).fill(event),
      [to(id, 'xstate.stop')],
      [to(id, 'SNOOZE', { eventId: 'a b' })],
    ]) {
      assert.equal((await post('/events', { events })).status, 422);
    }
    const large = to(id, 'SNOOZE', { event: { type: 'SNOOZE', text: 'x'.repeat(66_000) } });
    assert.equal((await post('/events', { events: [large] })).status, 413);
    assert.deepEqual(await typesOf(id), ['created']);
  });
});
