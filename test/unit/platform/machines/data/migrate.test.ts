// Instances on their way to another version: states by a map, the context patched, timers and children kept or not.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  migrated,
  migrationPlan,
  parseDefinition,
  type Migration,
  type MigrationPlan,
} from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { advance, create } from '#src/platform/machines/instance.ts';
import type { Json } from '#src/platform/machines/json.ts';
import { fire, step, type Surroundings } from '#src/platform/machines/kernel.ts';
import type { MachineInstance } from '#src/platform/machines/store.ts';
import { taken } from '../charts.ts';

const event = { from: ['owner'] };
const begin = Date.parse('2026-01-01T00:00:00.000Z');
const hour = 3_600_000;
const at = (hours: number): Date => new Date(begin + hours * hour);
const around: Surroundings = { now: at(2), actor: 'admin' };

const compiled = (source: object, version: number): MachineDefinition =>
  compileDefinition(parseDefinition(source), { type: 'story', version });

const events = { NEXT: event, STOP: event, AWAY: event, HOME: event };
const call = { id: 'call', src: 'effect:ring', input: { n: { $cel: 'context.n' } }, onError: 'closed' };
const nag = { type: 'raise', params: { event: { type: 'STOP' }, delay: 'P9D', id: 'nag' } };
const old = compiled(
  {
    events,
    context: { n: 1, old: true },
    initial: 'draft',
    states: {
      draft: { after: { P1D: 'closed' }, entry: nag, invoke: call, on: { NEXT: 'live' } },
      live: {
        type: 'parallel',
        on: { AWAY: 'away', STOP: 'closed' },
        states: {
          heart: { initial: 'calm', states: { calm: { on: { NEXT: 'busy' } }, busy: {} } },
          lamp: { initial: 'on', states: { on: { after: { PT5H: 'off' } }, off: {} } },
          back: { type: 'history', history: 'deep' },
        },
      },
      away: { on: { HOME: 'live.back' } },
      closed: { type: 'final' },
    },
  },
  1,
);

function standing(...types: readonly string[]): MachineInstance {
  const cause = (eventId: string) => ({ eventId, actor: 'u1', requestId: 'r', now: at(0) });
  let { instance } = create(old, { id: 's1', input: {}, inputHash: 'h' }, cause('c.u1.0'));
  for (const [index, type] of types.entries()) {
    const outcome = advance(old, instance, { type }, cause(`c.u1.${index + 1}`));
    assert.ok(outcome.accepted, `${type} was not accepted`);
    ({ instance } = outcome);
  }
  return instance;
}

function move(instance: MachineInstance, to: object, plan: MigrationPlan = {}): Migration {
  const outcome = migrated(instance, old, compiled(to, 2), plan, around);
  assert.ok(outcome.accepted, JSON.stringify(outcome));
  return outcome;
}

function refusals(instance: MachineInstance, to: object, plan: MigrationPlan = {}): string[] {
  const outcome = migrated(instance, old, compiled(to, 2), plan, around);
  assert.ok(!outcome.accepted);
  return outcome.reasons.map(({ code, path }) => `${code} ${path}`);
}

const draft = standing();
const live = standing('NEXT', 'NEXT');
const flat = (states: object, more: object = {}): object => ({
  events,
  initial: Object.keys(states)[0],
  states: { ...states, closed: { type: 'final' } },
  ...more,
});
const stored = (snapshot: Json): Json => JSON.parse(JSON.stringify(snapshot)) as Json;

describe('a migration', () => {
  it('puts an instance where it stands, without doing anything', () => {
    const next = flat({
      draft: { entry: ['log', nag], tags: ['new'], after: { P1D: 'closed' }, invoke: call, on: { STOP: {} } },
    });
    const { step: arrived, timers, renamed, dropped } = move(draft, next);
    assert.deepEqual([arrived.value, arrived.status, arrived.tags], ['draft', 'active', ['new']]);
    assert.deepEqual(arrived.context, { n: 1, old: true });
    assert.deepEqual([arrived.effects, arrived.timers, arrived.spawns, arrived.stops], [[], [], [], []]);
    assert.deepEqual(timers, draft.timers, 'each is due when it was due');
    assert.deepEqual([renamed, dropped], [[], []]);
    assert.deepEqual(stored(arrived.snapshot), arrived.snapshot);
    assert.equal(taken(step(compiled(next, 2), arrived.snapshot, { type: 'STOP' }, around)).value, 'draft');
  });

  it('follows the map, what is inside a state along with it', () => {
    const next = flat({
      open: {
        on: { STOP: 'closed' },
        type: 'parallel',
        states: {
          pulse: { initial: 'calm', states: { calm: {}, quick: { on: { NEXT: 'calm' } } } },
          lamp: { initial: 'off', states: { on: {}, off: {} } },
        },
      },
    });
    const states = { live: 'open', 'live.heart': 'open.pulse', 'live.heart.busy': 'open.pulse.quick' };
    const { step: arrived } = move(live, next, { states });
    assert.deepEqual(arrived.value, { open: { pulse: 'quick', lamp: 'on' } });
    assert.deepEqual(taken(step(compiled(next, 2), arrived.snapshot, { type: 'NEXT' }, around)).value, {
      open: { pulse: 'calm', lamp: 'on' },
    });
    assert.deepEqual(move(live, next, { states: { ...states, 'live.lamp.on': 'open.lamp' } }).step.value, {
      open: { pulse: 'quick', lamp: 'off' },
    });
  });

  it('brings two states together in one that both mean, and begins regions that are new', () => {
    const one = flat({ busy: { on: { NEXT: 'closed' } } });
    const states = { 'live.heart.busy': 'busy', 'live.lamp.on': 'busy' };
    assert.equal(move(live, one, { states }).step.value, 'busy');
    const region = flat({
      live: {
        type: 'parallel',
        states: {
          heart: { initial: 'busy', states: { busy: {} } },
          lamp: { initial: 'on', states: { on: {} } },
          door: { initial: 'shut', states: { shut: {} } },
        },
        on: { STOP: 'closed' },
      },
    });
    assert.deepEqual(move(live, region).step.value, { live: { heart: 'busy', lamp: 'on', door: 'shut' } });
  });

  it('remembers what history states remember', () => {
    const away = standing('NEXT', 'NEXT', 'AWAY');
    const next = flat({
      gone: { on: { HOME: 'live.back' } },
      live: {
        type: 'parallel',
        states: {
          heart: { initial: 'calm', states: { calm: {}, quick: {} } },
          lamp: { initial: 'off', states: { on: {}, off: {} } },
          back: { type: 'history', history: 'deep' },
        },
        on: { STOP: 'closed' },
      },
    });
    const { step: arrived } = move(away, next, { states: { away: 'gone', 'live.heart.busy': 'live.heart.quick' } });
    assert.equal(arrived.value, 'gone');
    const home = taken(step(compiled(next, 2), stored(arrived.snapshot), { type: 'HOME' }, around));
    assert.deepEqual(home.value, { live: { heart: 'quick', lamp: 'on' } });
    const forgotten = move(away, next, { states: { away: 'gone' } }).step.snapshot;
    assert.deepEqual(taken(step(compiled(next, 2), forgotten, { type: 'HOME' }, around)).value, {
      live: { heart: 'calm', lamp: 'off' },
    });
  });

  it('patches the context, or makes it anew', () => {
    const next = flat({ draft: { on: { NEXT: 'closed' } } });
    const patch = { n: { $cel: 'context.n + 1' }, by: { $cel: 'actor' }, at: { $cel: 'now' }, list: [{ $cel: 'id' }] };
    assert.deepEqual(move(draft, next, { context: patch }).step.context, {
      n: 2,
      old: true,
      by: 'admin',
      at: '2026-01-01T02:00:00.000Z',
      list: ['s1'],
    });
    assert.deepEqual(move(draft, next, { context: { $cel: "{'only': context.n}" } }).step.context, { only: 1 });
    for (const context of [{ n: { $cel: 'context.none' } }, { $cel: '1' }, { n: { $cel: 'event' } }]) {
      assert.deepEqual(refusals(draft, next, { context }), ['context /context']);
    }
  });

  it('keeps, restarts or drops a timer of a state', () => {
    const name = 'after.P1D.story.draft';
    const next = flat({ begun: { after: { P1D: 'closed' }, on: { NEXT: 'closed' } } });
    const states = { draft: 'begun' };
    const kept = move(draft, next, { states });
    const [timer] = kept.renamed;
    assert.equal(timer?.sendId, 'after.P1D.story.begun');
    assert.deepEqual([timer.id, timer.dueAt], [draft.timers[1]?.id, at(24)]);
    assert.deepEqual([kept.step.timers, kept.dropped.length, kept.timers.length], [[], 0, 2]);
    assert.equal(taken(fire(compiled(next, 2), kept.step.snapshot, timer.trigger, around)).value, 'closed');

    const anew = move(draft, next, { states, timers: { [name]: 'restart' } });
    assert.deepEqual(
      anew.dropped.map(({ sendId }) => sendId),
      [name],
    );
    assert.deepEqual(
      anew.step.timers.map(({ sendId, dueAt }) => [sendId, dueAt]),
      [['after.P1D.story.begun', at(26)]],
    );

    const none = move(draft, next, { states, timers: { [name]: 'drop', nag: 'drop' } });
    assert.deepEqual([none.dropped.length, none.timers, none.step.timers], [2, [], []]);
  });

  it('knows a timer again whose delay is another now, where it is told to', () => {
    const next = flat({ draft: { after: { P3D: 'closed' }, on: { NEXT: 'closed' } } });
    const name = 'after.P1D.story.draft';
    const untold = move(draft, next);
    assert.deepEqual(
      untold.dropped.map(({ sendId }) => sendId),
      [name],
    );
    assert.deepEqual(
      untold.step.timers.map(({ dueAt }) => dueAt),
      [at(2 + 72)],
    );
    const told = move(draft, next, { timers: { [name]: 'keep' } });
    assert.deepEqual(
      told.renamed.map(({ sendId, dueAt }) => [sendId, dueAt]),
      [['after.P3D.story.draft', at(24)]],
    );
    assert.deepEqual([told.step.timers, told.dropped], [[], []]);
    const many = flat({ draft: { after: { P3D: 'closed', P4D: 'closed' }, on: { NEXT: 'closed' } } });
    assert.deepEqual(refusals(draft, many, { timers: { [name]: 'keep' } }), [`timer-unmatched /timers/${name}`]);
    assert.deepEqual(refusals(draft, next, { timers: { nag: 'restart' } }), ['timer-unmatched /timers/nag']);
  });

  it('arms what only the new state waits for, computed waits too', () => {
    const wait = [{ delay: { $cel: "duration(string(context.n) + 'h')" }, target: 'closed' }];
    const { step: arrived } = move(draft, flat({ draft: { after: wait, on: { NEXT: 'closed' } } }));
    assert.deepEqual(
      arrived.timers.map(({ delayMs, dueAt }) => [delayMs, dueAt]),
      [[hour, at(3)]],
    );
  });

  it('keeps children that are still waited for, begins and ends others', () => {
    const same = move(draft, flat({ draft: { invoke: call, on: { NEXT: 'closed' } } })).step;
    assert.deepEqual([same.spawns, same.stops], [[], []]);
    const other = move(draft, flat({ draft: { invoke: { ...call, src: 'bulb' }, on: { NEXT: 'closed' } } })).step;
    assert.deepEqual(other.spawns, [{ id: 'call', generation: 2, src: 'bulb', input: { n: 1 }, invoked: true }]);
    assert.deepEqual(other.stops, [{ id: 'call', generation: 1 }]);
    const none = move(draft, flat({ draft: { on: { NEXT: 'closed' } } })).step;
    assert.deepEqual([none.spawns, none.stops], [[], [{ id: 'call', generation: 1 }]]);
    assert.deepEqual((none.snapshot as { generations?: unknown }).generations, { call: 1 });
  });

  it('is refused, with every reason, where an instance could not stand', () => {
    const next = flat({
      other: { on: { NEXT: 'closed' } },
      h: { initial: 'x', states: { x: {}, hist: { type: 'history' } } },
    });
    assert.deepEqual(refusals(live, next, { states: { lost: 'other' } }), [
      'state-unknown /states/lost',
      'state-missing /states/live.heart.busy',
      'state-missing /states/live.lamp.on',
    ]);
    assert.deepEqual(refusals(draft, next, { states: { draft: 'closed' } }), ['state-final /states/draft']);
    assert.deepEqual(refusals(draft, next, { states: { draft: 'h.hist' } }), ['state-final /states/draft']);
    const apart = { 'live.heart.busy': 'other', 'live.lamp.on': 'h.x' };
    assert.deepEqual(refusals(live, next, { states: apart }), ['state-conflict /states']);
    const ended = standing('NEXT', 'STOP');
    assert.deepEqual(refusals(ended, next), ['not-active ']);
  });

  it('is asked for strictly', () => {
    for (const wrong of [
      { state: {} },
      { states: { a: 1 } },
      { timers: { x: 'stop' } },
      { context: { 'a-b': 1 } },
      { context: { $cel: 1 } },
    ]) {
      assert.equal(migrationPlan.safeParse(wrong).success, false, JSON.stringify(wrong));
    }
    assert.ok(
      migrationPlan.safeParse({ states: { 'a.b': 'c' }, context: { $cel: 'context' }, timers: { x: 'keep' } }).success,
    );
  });
});
