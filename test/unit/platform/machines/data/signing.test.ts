// The example of docs/machines.md, run as it stands on the page: several parties sign, decline, or let the time pass.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  lintDefinition,
  parseDefinition,
  simulate,
  type SimulatedStep,
  type StoryEvent,
} from '#src/platform/machines/data/data.ts';
import { knownEffects } from '#src/platform/machines/effects.ts';
import { grantXpEffect } from '#src/services/gamification/gamification.effects.ts';
import { blocksOf, effects } from './signing.ts';
import { toEnd } from '../../../../support/pieces.ts';

const type = 'multi-party-signing';
const day = 86_400_000;
const now = new Date('2026-03-01T09:00:00.000Z');
const [source] = blocksOf('machines.md');
const definition = compileDefinition(parseDefinition(source), { type, version: 1 });
const input = { title: 'Shares', initiator: 'ina', parties: ['ada', 'bob'], days: 10 };
const sign = (actor: string, afterMs = 0): StoryEvent => ({
  event: { type: 'SIGN', signature: `${actor} was here` },
  actor,
  afterMs,
});

function tell(...events: StoryEvent[]): readonly SimulatedStep[] {
  const { steps, truncated } = toEnd(simulate(definition, { id: 's1', input, now, actor: 'ina', events }));
  assert.equal(truncated, false);
  return steps;
}

const standings = (steps: readonly SimulatedStep[]): unknown[] =>
  steps.map(({ cause, accepted, value, at }) => [cause, accepted, value, (at.getTime() - now.getTime()) / day]);
const emitted = ({ effects: done }: SimulatedStep): unknown[] =>
  done.filter(({ name }) => name === 'emit').map(({ params }) => (params as { type: string }).type);

describe('multi-party signing, from the page', () => {
  it('has nothing that lint would say', () => {
    assert.deepEqual(lintDefinition(source, { effects, type }), { errors: [], warnings: [] });
    // And with the effects there really are.
    assert.ok(knownEffects().has(grantXpEffect.name));
    assert.deepEqual(lintDefinition(source, { effects: knownEffects(), type }), { errors: [], warnings: [] });
  });

  it('concerns its initiator and its parties', () => {
    const [made] = tell();
    assert.deepEqual(definition.people('s1', made!.context), { owner: 'ina', members: ['ada', 'bob'] });
    assert.deepEqual(definition.access, { create: ['owner'], read: ['owner', 'member'], cancel: ['owner'] });
    assert.equal(definition.events['SIGN']?.task, 'Sign the document');
  });

  it('waits for everybody, in any order, and then says so', () => {
    for (const [first, second] of [
      ['ada', 'bob'],
      ['bob', 'ada'],
    ] as const) {
      const steps = tell(sign(first, day), sign(second, day));
      assert.deepEqual(standings(steps), [
        ['start', true, 'open', 0],
        ['event', true, 'open', 1],
        ['event', true, 'completed', 2],
      ]);
      const [made, half, whole] = steps as [SimulatedStep, SimulatedStep, SimulatedStep];
      assert.deepEqual(
        made.waiting.map(({ dueAt }) => (dueAt.getTime() - now.getTime()) / day),
        [3, 10],
      );
      assert.deepEqual(
        [half.tags, half.accepts, half.armed, half.dropped],
        [['waiting'], ['SIGN', 'DECLINE', 'EXTEND'], [], []],
      );
      assert.deepEqual([whole.status, whole.output, whole.waiting], ['done', { signed: 2, declined: null }, []]);
      assert.deepEqual(whole.effects, [
        { name: 'emit', params: { type: `${type}.completed`, data: { title: 'Shares', signed: [first, second] } } },
        { name: 'grant-xp', params: { userId: 'ina', amount: 50, reason: 'had signed: Shares' } },
      ]);
    }
  });

  it('takes no signature twice, none of a stranger, and says why', () => {
    const [, once, again, stranger] = tell(sign('ada'), sign('ada'), sign('eve'));
    assert.deepEqual([once?.accepted, again?.accepted, stranger?.accepted], [true, false, false]);
    assert.deepEqual(again?.context, once?.context);
    assert.deepEqual(stranger?.verdicts, [
      {
        state: `${type}.open`,
        target: [],
        guard: 'actor in context.parties && !context.signed.exists(one, one.by == actor)',
        says: false,
      },
    ]);
  });

  it('holds payloads against their schema', () => {
    const [, empty, unknown, forged] = tell(
      { event: { type: 'SIGN', signature: '' }, actor: 'ada' },
      { event: { type: 'SIGN', signature: 'x', more: 1 }, actor: 'ada' },
      { event: { type: 'xstate.stop' }, actor: 'ada' },
    );
    for (const step of [empty, unknown, forged]) {
      assert.equal(step?.accepted, false);
      assert.ok(step.problem);
    }
    const [born] = toEnd(simulate(definition, { input: { ...input, days: 1 }, now, actor: 'ina', events: [] })).steps;
    assert.match(born?.problem ?? '', /input does not fit/u);
  });

  it('ends where somebody declines', () => {
    const [, , declined] = tell(sign('ada'), { event: { type: 'DECLINE', reason: 'no' }, actor: 'bob' });
    assert.deepEqual(
      [declined?.value, declined?.output],
      ['declined', { signed: 1, declined: { by: 'bob', reason: 'no' } }],
    );
    assert.deepEqual(emitted(declined!), [`${type}.declined`]);
    const [, silent] = tell({ event: { type: 'DECLINE' }, actor: 'bob' });
    assert.deepEqual(silent?.output, { signed: 0, declined: { by: 'bob', reason: '' } });
  });

  it('reminds those who are missing after three days, and ends at the deadline', () => {
    const steps = tell(sign('bob', day), { afterMs: 30 * day });
    assert.deepEqual(standings(steps), [
      ['start', true, 'open', 0],
      ['event', true, 'open', 1],
      ['timer', true, 'open', 3],
      ['timer', true, 'expired', 10],
    ]);
    assert.deepEqual(steps[2]?.effects, [
      { name: 'emit', params: { type: `${type}.reminded`, data: { title: 'Shares', missing: ['ada'] } } },
    ]);
    assert.deepEqual([steps[2]?.event.type, steps[2]?.dropped], [`after.P3D.${type}.open`, []]);
    assert.deepEqual(emitted(steps[3]!), [`${type}.expired`]);
  });

  it('may be given more time', () => {
    const steps = tell({ event: { type: 'EXTEND', days: 5 }, afterMs: 9 * day }, { afterMs: 30 * day });
    assert.deepEqual(standings(steps).slice(-3), [
      ['event', true, 'open', 9],
      ['timer', true, 'open', 12],
      ['timer', true, 'expired', 15],
    ]);
  });
});
