// What rules do over HTTP, asked by the owners that commit what they are about.
/* oxlint-disable unicorn/no-thenable -- a rule's word, which nobody awaits */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Work } from '#src/platform/commands/work.ts';
import { Events, type StoredEvent } from '#src/platform/events/event.ts';
import { fullShare } from '#src/platform/events/reactor.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances, Timers } from '#src/platform/machines/store.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { registerSomebody } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { onReason, RuleMaker } from '../../support/rules.ts';

async function xpAdded(reason: string): Promise<StoredEvent> {
  const event = await Events.native().findOne({ type: 'xp.added', 'data.reason': reason });
  assert.ok(event);
  return event;
}

describe('automation rules', function () {
  this.timeout(30_000);
  let rules: RuleMaker;

  before(async () => {
    rules = await RuleMaker.start();
  });
  after(async () => {
    await rules.stop();
  });

  it('starts a machine in the transaction of the event, as system, in the trace of its request', async () => {
    const id = { $cel: '"of-" + event.data.userId' };
    const input = { name: { $cel: 'event.data.reason + " by " + event.actor' } };
    const name = await rules.make({ when: onReason('talk'), then: { start: { type: 'onboarding', id, input } } });
    await rules.grant('rest');
    const reply = await rules.grant('talk');
    const instance = await eventually(async () => {
      const found = await MachineInstances.native().findOne({ _id: `onboarding.of-${rules.ada.user.id}` });
      assert.ok(found);
      return found;
    });
    assert.equal((instance.context as { name: string }).name, `talk by ${rules.admin.user.id}`);
    const event = await xpAdded('talk');
    const requestId = String(reply.headers.get('x-request-id'));
    const rows = await rules.rowsOf(name);
    assert.deepEqual(
      rows.map(({ idempotencyKey, actor, state, ...row }) => [idempotencyKey, actor, state, row.requestId]),
      [[`r.${name}.${event._id}`, 'system', 'done', requestId]],
    );
    const trace = (await rules.call('GET', `/api/traces/${requestId}`)).body as {
      steps: { id: string; parent?: string }[];
    };
    assert.equal(trace.steps.find(({ id: step }) => step === rows[0]?._id)?.parent, event._id);
    await eventually(async () => assert.equal((await rules.view(name)).matched, 1));
    await rules.remove(name);
  });

  it('signals a machine', async () => {
    const id = newId();
    assert.equal((await rules.call('POST', '/api/state-machines/create', { type: 'onboarding', id })).status, 201);
    const name = await rules.make({
      when: onReason('signal'),
      then: { signal: { type: 'onboarding', id, event: { type: 'XP_EARNED' } } },
    });
    await rules.grant('signal');
    await eventually(async () => {
      assert.equal((await MachineInstances.native().findOne({ _id: `onboarding.${id}` }))?.value, 'firstXp');
    });
    await rules.remove(name);
  });

  it('hears of what the API process commits itself, and takes rules that are made at once', async () => {
    const rule = {
      when: { type: 'user.registered', if: 'event.data.name == "Grace"' },
      then: { signal: { type: 'onboarding', id: { $cel: 'event.data.userId' }, event: { type: 'SNOOZE' } } },
    };
    const names = await Promise.all([1, 2, 3].map(async () => await rules.make(rule)));
    await registerSomebody(rules.server, 'Grace');
    const rows = await eventually(async () => {
      const found = (await Promise.all(names.map(async (name) => await rules.rowsOf(name)))).flat();
      assert.ok(found.length === 3 && found.every(({ state }) => state === 'done'));
      return found;
    });
    assert.equal(new Set(rows.map(({ idempotencyKey = '' }) => idempotencyKey.slice(-38))).size, 1);
    await Promise.all(names.map(async (name) => await rules.remove(name)));
  });

  it('makes one row of an event, however often it is seen', async () => {
    const name = await rules.make({
      when: onReason('once'),
      then: { start: { type: 'onboarding', id: { $cel: 'event.id' } } },
    });
    const headers = { 'idempotency-key': newId() };
    const first = await rules.grant('once', headers);
    const again = await rules.grant('once', headers);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(again.body, first.body);
    const [row, ...more] = await rules.rowsOf(name);
    assert.ok(row && more.length === 0);
    // As a process would that decides the event again: its rows stand under the same causes.
    await assert.rejects(Work.native().insertOne({ ...row, _id: newId(), state: 'new' }), /E11000/u);
    const event = await xpAdded('once');
    const drafts = (stateMachineService.reactors ?? []).flatMap((reactor) => [...reactor.react([event], fullShare)]);
    assert.deepEqual(
      drafts.map(({ cause }) => cause),
      [row.idempotencyKey],
    );
    await rules.grant('once');
    await eventually(async () => assert.equal((await rules.view(name)).matched, 2, 'it counts once, too'));
    await rules.remove(name);
  });

  it('ends what would go on for ever, at once and over timers', async () => {
    // Each machine that begins starts two more.
    const when = { type: 'machine.transitioned', if: 'event.data.seq == 0 && event.data.id.startsWith("loop-")' };
    const next = (letter: string): object => ({
      start: { type: 'onboarding', id: { $cel: `"loop-${letter}" + event.id` } },
    });
    const loops = await Promise.all(['l', 'r'].map(async (letter) => await rules.make({ when, then: next(letter) })));
    const begin = { type: 'onboarding', id: 'loop-begin' };
    assert.equal((await rules.call('POST', '/api/state-machines/create', begin)).status, 201);
    const started = async (): Promise<number> =>
      await MachineInstances.native().countDocuments({ _id: { $gte: 'onboarding.loop-', $lt: 'onboarding.loop.' } });
    // 1000 among two, and so on: 333, 111, 37, 12, 4, 1. That is 2 + 4 + … + 64 beside the first.
    await eventually(async () => assert.equal(await started(), 127), 20_000);
    await eventually(async () => {
      const views = await Promise.all(loops.map(async (name) => await rules.view(name)));
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
    await Promise.all(loops.map(async (name) => await rules.remove(name)));
  });
});
