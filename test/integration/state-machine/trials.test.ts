// What can be tried of definitions: stories of events and time, and what differs between versions. Nothing is kept.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { MachineInstances, Transitions } from '#src/platform/machines/store.ts';
import { Definer, definitions } from '../../support/definer.ts';
import { problemOf, type Reply } from '../../support/http.ts';
import { orderOf, packedOrderOf } from '../../support/orders.ts';
import { assertPartly } from '../../support/partly.ts';

const hour = 3_600_000;

describe('definitions that are tried', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
    await definer.registered('tried', orderOf('tried'));
    await definer.registered('tried', packedOrderOf('tried'));
  });
  after(async () => {
    await definer.stop();
  });

  const simulate = async (path: string, body: object): Promise<Reply> =>
    await definer.call('POST', `${definitions}/${path}`, body);
  const story = {
    id: 'one',
    input: { buyer: 'ada' },
    actor: 'ada',
    now: '2026-01-01T12:00:00Z',
    events: [
      { event: { type: 'PAY', amount: 3 } },
      { event: { type: 'PAY', amount: 12 }, afterMs: hour },
      { afterMs: 3 * hour },
      { event: { type: 'SHIP' }, actor: 'system' },
    ],
  };

  it('tell what each event and timer of a story would come to', async () => {
    const before = await Promise.all(
      [MachineInstances, Transitions].map(async (all) => await all.native().countDocuments({})),
    );
    const { status, body, text } = await simulate('simulate', {
      type: 'order',
      definition: orderOf('order'),
      ...story,
    });
    assert.equal(status, 200, text);
    const { steps } = body as {
      steps: { cause: string; event: { type: string }; accepted: boolean; value: unknown; at: string }[];
    };
    assert.deepEqual(
      steps.map(({ cause, accepted, value, at }) => [cause, accepted, value, at]),
      [
        ['start', true, 'open', '2026-01-01T12:00:00.000Z'],
        ['event', false, 'open', '2026-01-01T12:00:00.000Z'],
        ['event', true, 'paid', '2026-01-01T13:00:00.000Z'],
        ['timer', true, 'paid', '2026-01-01T15:00:00.000Z'],
        ['event', true, 'shipped', '2026-01-01T16:00:00.000Z'],
      ],
    );
    assertPartly(steps[1], { verdicts: [{ guard: 'event.amount >= 10', says: false }] });
    assertPartly(steps[2], { context: { paid: 12 }, waiting: [{ dueAt: '2026-01-01T15:00:00.000Z' }] });
    assertPartly(steps[3], { effects: [{ name: 'emit', params: { type: 'order.late', data: { paid: 12 } } }] });
    assertPartly(steps[4], { status: 'done', waiting: [] });
    const after = await Promise.all(
      [MachineInstances, Transitions].map(async (all) => await all.native().countDocuments({})),
    );
    assert.deepEqual(after, before);
  });

  it('are versions that are there, too, and built-in ones', async () => {
    const last = async (body: object): Promise<unknown> =>
      ((await simulate('tried/simulate', body)).body as { steps: { value: unknown }[] }).steps.at(-1)?.value;
    const cheap = { ...story, events: [{ event: { type: 'PAY', amount: 5 } }] };
    assert.equal(await last({ ...cheap, version: 1 }), 'open');
    assert.equal(await last(cheap), 'packed', 'the version that new machines run on');
    const { body } = await simulate('onboarding/simulate', {
      events: [{ event: { type: 'XP_EARNED' } }, { afterMs: 61 * 24 * hour }],
    });
    assertPartly(body, {
      steps: [{ value: 'registered' }, { value: 'firstXp' }, { cause: 'timer', value: 'dormant' }],
    });
    assert.equal(
      problemOf(await simulate('nothing/simulate', { events: [] })).code,
      'state-machine.definition-not-found',
    );
  });

  it('say where an input, an event or the definition does not fit, instead of failing', async () => {
    const { body } = await simulate('tried/simulate', { events: [{ event: { type: 'PAY' } }] });
    const { steps } = body as { steps: { accepted: boolean; problem: string | null }[] };
    assert.ok(steps.length === 1 && steps[0]?.accepted === false && steps[0].problem !== null, JSON.stringify(steps));
    const odd = { ...story, events: [{ event: { type: 'PAY' } }, { event: { type: 'xstate.stop' } }] };
    const told = (await simulate('tried/simulate', odd)).body as { steps: { accepted: boolean }[] };
    assert.deepEqual(
      told.steps.map(({ accepted }) => accepted),
      [true, false, false],
    );
    const unread = { initial: 'a', states: { a: { on: { GO: { guard: '1 +' } } } } };
    const reply = await simulate('simulate', { definition: unread, events: [] });
    assert.equal(problemOf(reply).code, 'state-machine.definition-invalid');
  });

  it('end in bounds, whatever the story asks for', async () => {
    const ticking = {
      context: { text: 'x'.repeat(10_000) },
      initial: 'a',
      states: { a: { after: { PT1S: { target: 'a', reenter: true }, P300D: 'b' } }, b: { type: 'final' } },
    };
    const { status, body, text } = await simulate('simulate', {
      definition: ticking,
      events: [{ afterMs: 24 * hour }],
    });
    assert.equal(status, 200, text);
    assertPartly(body, { truncated: true });
    assert.ok(text.length < 3_000_000, `${text.length} characters`);
    const many = { ...story, events: Array.from({ length: 101 }, () => ({ afterMs: 1 })) };
    assert.equal((await simulate('tried/simulate', many)).status, 422);
    const endless = { ...story, events: [{ afterMs: 1e15 }] };
    assert.equal((await simulate('tried/simulate', endless)).status, 422);
  });

  it('are compared', async () => {
    const { body } = await definer.call('GET', `${definitions}/tried/diff?from=1&to=2`);
    assertPartly(body, {
      type: 'tried',
      from: 1,
      to: 2,
      states: { added: ['packed'], removed: ['paid'], changed: [] },
      compatible: false,
      missing: ['paid'],
    });
    assert.equal((await definer.call('GET', `${definitions}/tried/diff?from=1&to=9`)).status, 404);
    assert.equal((await definer.call('GET', `${definitions}/onboarding/diff?from=1&to=1`)).status, 404);
  });
});
