// What a migration makes of several waits at once, of events on their way to children, and of regions without states.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  diffDefinitions,
  migrated,
  parseDefinition,
  type Migration,
  type MigrationPlan,
} from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { create } from '#src/platform/machines/instance.ts';
import { complete } from '#src/platform/machines/kernel.ts';
import type { MachineInstance } from '#src/platform/machines/store.ts';
import { taken } from '../charts.ts';

const around = { now: new Date('2026-01-01T00:00:00.000Z'), actor: 'admin' };
const compiled = (source: object): MachineDefinition =>
  compileDefinition(parseDefinition(source), { type: 'wait', version: 1 });

function born(source: object): MachineInstance {
  const cause = { eventId: 'c.u1.0', actor: 'u1', requestId: 'r', now: around.now };
  return create(compiled(source), { id: 'w1', input: {}, inputHash: 'h' }, cause).instance;
}

function move(instance: MachineInstance, from: object, to: object, plan: MigrationPlan = {}): Migration {
  const outcome = migrated(instance, compiled(from), compiled(to), plan, around);
  assert.ok(outcome.accepted, JSON.stringify(outcome));
  return outcome;
}

const waiting = (after: object): object => ({ initial: 'a', states: { a: { after }, b: {} } });
const hurry = { type: 'sendTo', params: { child: 'c', event: { type: 'HURRY' }, delay: 'P1D', id: 'hurry' } };
const calling = (src: string, n = 1): object => ({
  initial: 'a',
  states: { a: { invoke: { id: 'c', src, input: { n } }, entry: hurry } },
});

describe('waits of a migration', () => {
  it('are known again beside those that are as they were', () => {
    const old = waiting({ P1D: 'b', P2D: 'b' });
    const plan = { timers: { 'after.P2D.wait.a': 'keep' } } as const;
    const { timers, renamed, step } = move(born(old), old, waiting({ P1D: 'b', P3D: 'b' }), plan);
    assert.deepEqual(
      timers.map(({ sendId }) => sendId),
      ['after.P1D.wait.a', 'after.P3D.wait.a'],
    );
    assert.deepEqual([renamed.length, step.timers], [1, []]);
  });

  it('for a child end with that child, and go on with it', () => {
    const old = calling('bulb');
    const instance = born(old);
    assert.deepEqual(
      instance.timers.map(({ sendId }) => sendId),
      ['hurry'],
    );
    assert.deepEqual(move(instance, old, calling('bulb')).timers, instance.timers);
    const { timers, dropped, step } = move(instance, old, calling('candle'));
    assert.deepEqual([timers, dropped.map(({ sendId }) => sendId)], [[], ['hurry']]);
    assert.deepEqual(step.stops, [{ id: 'c', generation: 1 }]);
  });

  it('are none for a child that has come to its end: it is not stopped, either', () => {
    const old = calling('bulb');
    const instance = born(old);
    const { snapshot } = taken(complete(compiled(old), instance.snapshot, { id: 'c', generation: 1 }, null, around));
    const over = { ...instance, snapshot };
    assert.deepEqual(move(over, old, calling('candle')).step.stops, []);
    assert.deepEqual(
      move(over, old, calling('bulb')).dropped.map(({ sendId }) => sendId),
      ['hurry'],
    );
  });

  it('leave regions that have no states of their own where they are', () => {
    const old = { type: 'parallel', states: { p: {}, q: {} } };
    const next = { type: 'parallel', states: { p: {}, r: {} } };
    assert.deepEqual(born(old).value, { p: {}, q: {} });
    assert.deepEqual(move(born(old), old, next, { states: { q: 'r' } }).step.value, { p: {}, r: {} });
    const refused = migrated(born(old), compiled(old), compiled(next), {}, around);
    assert.deepEqual(refused.accepted ? [] : refused.reasons.map(({ path }) => path), ['/states/q']);
  });

  it('are no difference of two versions, and what a child is given is one', () => {
    const [one, two] = [parseDefinition(calling('bulb')), parseDefinition(calling('bulb', 2))];
    assert.deepEqual(diffDefinitions(one, two).states.changed, ['a']);
  });
});
