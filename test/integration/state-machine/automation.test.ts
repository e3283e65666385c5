// Rules over HTTP, asked by the owners that commit what they are about.
/* oxlint-disable unicorn/no-thenable -- a rule's word, which nobody awaits */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { audit } from '#src/platform/audit/audit.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work } from '#src/platform/commands/work.ts';
import { Events, type StoredEvent } from '#src/platform/events/event.ts';
import { fullShare } from '#src/platform/events/reactor.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances, Timers } from '#src/platform/machines/store.ts';
import { fireDueTimers } from '#src/platform/machines/timers.ts';
import { collections } from '#src/platform/mongo/collection.ts';
import { traces } from '#src/platform/traces/traces.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const base = '/api/state-machines/rules';
interface View {
  readonly name: string;
  readonly enabled: boolean;
  readonly matched: number;
  readonly failed: number;
  readonly stopped: number;
  readonly lastError: string | null;
}

interface Dry extends Pick<View, 'matched' | 'failed'> {
  readonly looked: number;
  readonly complete: boolean;
  readonly data: readonly { readonly would: unknown }[];
}

describe('automation rules', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owners: readonly Owner[];
  let admin: LoggedIn;
  let ada: LoggedIn;
  let made = 0;

  before(async () => {
    server = await startServer([userService, authService, gamificationService, stateMachineService, audit, traces]);
    owners = [workOwner(server.registry, 'machines', fireDueTimers), workOwner(server.registry, 'gamification')];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
    ada = await registerSomebody(server, 'Ada');
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const call = async (method: string, path: string, body?: object, headers = {}): Promise<Reply> =>
    await server.call(method, path, { ...(body && { body }), token: admin.accessToken, headers });
  const nameOne = (): string => `rule-${(made += 1)}`;
  const make = async (rule: object, name = nameOne()): Promise<string> => {
    const reply = await call('POST', base, { name, ...rule });
    assert.equal(reply.status, 201, reply.text);
    return name;
  };
  const remove = async (name: string): Promise<void> =>
    assert.equal((await call('DELETE', `${base}/${name}`)).status, 204);
  const grant = async (reason: string, headers = {}): Promise<Reply> => {
    const body = { userId: ada.user.id, amount: 5, reason };
    const reply = await call('POST', '/api/gamification/xp/add', body, headers);
    assert.equal(reply.status, 201, reply.text);
    return reply;
  };
  const view = async (name: string): Promise<View> => (await call('GET', `${base}/${name}`)).body as View;
  const rowsOf = async (name: string) =>
    await Work.native()
      .find({ actor: 'system', idempotencyKey: { $gte: `r.${name}.`, $lt: `r.${name}/` } })
      .limit(2_000)
      .toArray();
  const xpAdded = async (reason: string): Promise<StoredEvent> => {
    const event = await Events.native().findOne({ type: 'xp.added', 'data.reason': reason });
    assert.ok(event);
    return event;
  };
  const onReason = (reason: string): object => ({ type: 'xp.added', if: `event.data.reason == "${reason}"` });

  it('starts a machine in the transaction of the event, as system, in the trace of its request', async () => {
    const id = { $cel: '"of-" + event.data.userId' };
    const input = { name: { $cel: 'event.data.reason + " by " + event.actor' } };
    const name = await make({ when: onReason('talk'), then: { start: { type: 'onboarding', id, input } } });
    await grant('rest');
    const reply = await grant('talk');
    const instance = await eventually(async () => {
      const found = await MachineInstances.native().findOne({ _id: `onboarding.of-${ada.user.id}` });
      assert.ok(found);
      return found;
    });
    assert.equal((instance.context as { name: string }).name, `talk by ${admin.user.id}`);
    const event = await xpAdded('talk');
    const requestId = String(reply.headers.get('x-request-id'));
    const rows = await rowsOf(name);
    assert.deepEqual(
      rows.map(({ idempotencyKey, actor, state, ...row }) => [idempotencyKey, actor, state, row.requestId]),
      [[`r.${name}.${event._id}`, 'system', 'done', requestId]],
    );
    const trace = (await call('GET', `/api/traces/${requestId}`)).body as { steps: { id: string; parent?: string }[] };
    assert.equal(trace.steps.find(({ id: step }) => step === rows[0]?._id)?.parent, event._id);
    await eventually(async () => assert.equal((await view(name)).matched, 1));
    await remove(name);
  });

  it('signals a machine', async () => {
    const id = newId();
    assert.equal((await call('POST', '/api/state-machines/create', { type: 'onboarding', id })).status, 201);
    const name = await make({
      when: onReason('signal'),
      then: { signal: { type: 'onboarding', id, event: { type: 'XP_EARNED' } } },
    });
    await grant('signal');
    await eventually(async () => {
      assert.equal((await MachineInstances.native().findOne({ _id: `onboarding.${id}` }))?.value, 'firstXp');
    });
    await remove(name);
  });

  it('hears of what the API process commits itself, and takes rules that are made at once', async () => {
    const rule = {
      when: { type: 'user.registered', if: 'event.data.name == "Grace"' },
      then: { signal: { type: 'onboarding', id: { $cel: 'event.data.userId' }, event: { type: 'SNOOZE' } } },
    };
    const names = await Promise.all([1, 2, 3].map(async () => await make(rule)));
    await registerSomebody(server, 'Grace');
    const rows = await eventually(async () => {
      const found = (await Promise.all(names.map(rowsOf))).flat();
      assert.ok(found.length === 3 && found.every(({ state }) => state === 'done'));
      return found;
    });
    assert.equal(new Set(rows.map(({ idempotencyKey = '' }) => idempotencyKey.slice(-38))).size, 1);
    await Promise.all(names.map(remove));
  });

  it('makes one row of an event, however often it is seen', async () => {
    const name = await make({
      when: onReason('once'),
      then: { start: { type: 'onboarding', id: { $cel: 'event.id' } } },
    });
    const headers = { 'idempotency-key': newId() };
    const first = await grant('once', headers);
    const again = await grant('once', headers);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(again.body, first.body);
    const [row, ...more] = await rowsOf(name);
    assert.ok(row && more.length === 0);
    // As a process would that decides the event again: its rows stand under the same causes.
    await assert.rejects(Work.native().insertOne({ ...row, _id: newId(), state: 'new' }), /E11000/u);
    const event = await xpAdded('once');
    const drafts = (stateMachineService.reactors ?? []).flatMap((reactor) => [...reactor.react([event], fullShare)]);
    assert.deepEqual(
      drafts.map(({ cause }) => cause),
      [row.idempotencyKey],
    );
    await grant('once');
    await eventually(async () => assert.equal((await view(name)).matched, 2, 'it counts once, too'));
    await remove(name);
  });

  it('goes by a change as soon as it is answered, on every owner', async () => {
    const rule = { when: onReason('change'), then: { start: { type: 'onboarding', id: { $cel: 'event.id' } } } };
    await grant('change');
    const name = await make(rule);
    await grant('change');
    const tag = async (): Promise<string> => String((await call('GET', `${base}/${name}`)).headers.get('etag'));
    const put = async (body: object, etag: string): Promise<number> =>
      (await call('PUT', `${base}/${name}`, body, { 'if-match': etag })).status;
    const first = await tag();
    assert.equal(await put({ ...rule, enabled: false }, first), 200);
    await grant('change');
    assert.equal(await put({ ...rule, enabled: true }, first), 412);
    assert.equal((await call('PUT', `${base}/${name}`, rule)).status, 428);
    assert.equal(await put({ ...rule, enabled: true }, await tag()), 200);
    await grant('change');
    const both = await Promise.all([tag(), tag()]).then(
      async ([one, two]) => await Promise.all([put(rule, one), put({ ...rule, enabled: false }, two)]),
    );
    assert.deepEqual(both.toSorted(), [200, 412], 'two changes of one revision');
    await remove(name);
    await grant('change');
    assert.equal((await rowsOf(name)).length, 2);
    // Another rule of the name begins at nothing, and at another revision.
    await make({ ...rule, enabled: false }, name);
    const anew = await view(name);
    assert.deepEqual([anew.enabled, anew.matched], [false, 0]);
    assert.ok(!(await tag()).endsWith('-1"'));
    await remove(name);
  });

  it('counts and shows a rule that fails, and holds nothing up', async () => {
    const bad = await make({
      when: { type: 'xp.added', if: 'event.data.nobody == 1' },
      then: { start: { type: 'onboarding', id: 'x' } },
    });
    const odd = await make({
      when: { type: 'xp.added' },
      then: { start: { type: 'onboarding', id: { $cel: '"a:" + event.id' } } },
    });
    const good = await make({
      when: { type: 'xp.added' },
      then: { start: { type: 'onboarding', id: { $cel: 'event.id' } } },
    });
    await grant('fails');
    await eventually(async () => {
      const [one, two, three] = [await view(bad), await view(odd), await view(good)];
      assert.deepEqual([one.failed, two.failed, three.failed, three.matched], [1, 1, 0, 1]);
      assert.match(one.lastError ?? '', /field not found: nobody/u);
      assert.match(two.lastError ?? '', /does not fit: id/u);
    });
    assert.equal((await rowsOf(good)).length, 1);
    assert.equal((await rowsOf(bad)).length + (await rowsOf(odd)).length, 0);
    await Promise.all([bad, odd, good].map(remove));
  });

  it('ends what would go on for ever, at once and over timers', async () => {
    // Each machine that begins starts two more.
    const when = { type: 'machine.transitioned', if: 'event.data.seq == 0 && event.data.id.startsWith("loop-")' };
    const next = (letter: string): object => ({
      start: { type: 'onboarding', id: { $cel: `"loop-${letter}" + event.id` } },
    });
    const rules = await Promise.all(['l', 'r'].map(async (letter) => await make({ when, then: next(letter) })));
    const begin = { type: 'onboarding', id: 'loop-begin' };
    assert.equal((await call('POST', '/api/state-machines/create', begin)).status, 201);
    const started = async (): Promise<number> =>
      await MachineInstances.native().countDocuments({ _id: { $gte: 'onboarding.loop-', $lt: 'onboarding.loop.' } });
    // 1000 among two, and so on: 333, 111, 37, 12, 4, 1. That is 2 + 4 + … + 64 beside the first.
    await eventually(async () => assert.equal(await started(), 127), 20_000);
    await eventually(async () => {
      const views = await Promise.all(rules.map(view));
      assert.deepEqual(
        views.map(({ matched, stopped }) => [matched, stopped]),
        [
          [63, 64],
          [63, 64],
        ],
      );
    });
    assert.equal(await started(), 127);
    const armed = await Timers.native().findOne({ instance: { $regex: /^onboarding\.loop-[lr]/u }, share: 1 });
    assert.ok(armed, 'timers hand the share on');
    await Promise.all(rules.map(remove));
  });

  it('tells what a rule would have done, and does nothing', async () => {
    await grant('dry');
    await grant('dry');
    const before_ = await Work.native().countDocuments({});
    const then = {
      start: { type: 'onboarding', id: { $cel: 'event.data.userId' }, input: { name: { $cel: 'event.data.reason' } } },
    };
    const run = async (when: object, more = {}): Promise<Reply> =>
      await call('POST', `${base}/dry-run`, { rule: { when, then }, ...more });
    const dryOf = ({ body }: Reply): Dry => body as Dry;
    const dry = dryOf(await run(onReason('dry'), { limit: 1_000 }));
    assert.ok(dry.looked > 2 && dry.complete);
    assert.deepEqual([dry.matched, dry.failed, dry.data.length], [2, 0, 2]);
    assert.deepEqual(dry.data[0]?.would, { start: { type: 'onboarding', id: ada.user.id, input: { name: 'dry' } } });
    const few = dryOf(await run({ type: 'xp.added', if: 'event.nobody' }, { limit: 2 }));
    assert.deepEqual([few.looked, few.failed, few.complete], [2, 2, false]);
    const since = new Date(Date.now() + 60_000).toISOString();
    assert.equal(dryOf(await run({ type: 'xp.added' }, { since })).looked, 0);
    assert.equal(problemOf(await run({ type: 'xp.added', if: '1 +' })).code, 'request.invalid');
    assert.equal(await Work.native().countDocuments({}), before_);
  });

  it('refuses what could never be, names each fault, and is for those who may', async () => {
    const bad = {
      name: 'bad',
      when: { type: 'xp.addet', if: 'event.' },
      then: { start: { type: 'nothing', id: { $cel: 'who' } } },
    };
    const refused = await call('POST', base, bad);
    assert.equal(problemOf(refused).code, 'request.invalid');
    const { errors } = refused.body as { errors: { pointer: string }[] };
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      ['/body/when/if', '/body/then/start/id', '/body/when/type', '/body/then/start/type'],
    );
    const rule = { when: { type: 'xp.added' }, then: { start: { type: 'onboarding', id: 'x' } }, enabled: false };
    const name = await make(rule);
    assert.equal(problemOf(await call('POST', base, { ...rule, name })).code, 'state-machine.rule-exists');
    assert.ok(((await call('GET', base)).body as { data: View[] }).data.some((each) => each.name === name));
    assert.equal((await server.call('GET', base, { token: ada.accessToken })).status, 403);
    await remove(name);
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', rule]] as const) {
      assert.equal((await call(method, `${base}/${name}`, body)).status, 404, method);
    }
    const acts = await Events.native()
      .find({ type: 'admin.acted', 'data.target.rule': name })
      .sort({ _id: 1 })
      .limit(9)
      .toArray();
    assert.deepEqual(
      acts.map(({ data }) => data['action']),
      ['machine.rule.make', 'machine.rule.remove'],
    );
  });

  it('keeps no more rules than fit', async () => {
    const heads = collections.get('automation_heads');
    const head = await heads?.native().findOne({ _id: 'rules' });
    assert.equal((head as { count?: number } | null)?.count, 0);
    await heads?.native().updateOne({ _id: 'rules' }, { $set: { count: 200 } } as object);
    const rule = { name: 'more', when: { type: 'xp.added' }, then: { start: { type: 'onboarding', id: 'x' } } };
    assert.equal(problemOf(await call('POST', base, rule)).code, 'state-machine.too-many-rules');
    await heads?.native().updateOne({ _id: 'rules' }, { $set: { count: 0 } } as object);
  });
});
