// The story of a request from its rows: causes, order, and rows that are not kept any more.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { StoredEvent } from '#src/platform/events/event.ts';
import type { Timer } from '#src/platform/machines/store.ts';
import type { TracedTransition, TracedWork, TraceRows } from '#src/platform/traces/rows.ts';
import { stepsOf, type Step } from '#src/platform/traces/steps.ts';
import { storyOf } from '#src/platform/traces/story.ts';

const at = new Date('2026-03-01T12:00:00.000Z');
const none: TraceRows = {
  work: [],
  deadLetters: [],
  events: [],
  transitions: [],
  timers: [],
  places: [],
  truncated: false,
};

const work = (_id: string, fields: Partial<TracedWork> = {}): TracedWork => ({
  _id,
  shard: 'machines.0',
  kind: 'lamp.turn',
  key: 'lamp.l1',
  actor: 'system',
  state: 'done',
  attempts: 0,
  notBefore: at,
  requestId: 'r',
  acceptedAt: at,
  doneAt: at,
  ...fields,
});
const event = (_id: string): StoredEvent => ({
  _id,
  type: 'lamp.turned',
  subject: 'lamp.l1',
  actor: 'system',
  data: {},
  audience: [],
  time: at,
  requestId: 'r',
});
const transition = (_id: string, seq: number, eventId: string): TracedTransition => ({
  _id,
  instance: 'lamp.l1',
  seq,
  eventId,
  event: { type: 'TURN' },
  actor: 'system',
  from: 'off',
  to: { lit: 'dim' },
  at,
});
const timer = (_id: string): Timer => ({
  _id,
  instance: 'lamp.l1',
  sendId: 'out',
  trigger: { kind: 'raise', event: { type: 'OUT' } },
  dueAt: new Date(at.getTime() + 1_000),
  state: 'fired',
  shard: 'machines.0',
  requestId: 'r',
  firedAt: new Date(at.getTime() + 1_250),
});
const parentOf = (steps: readonly Step[], id: string): string | undefined =>
  steps.find((step) => step.id === id)?.parent;

describe('the steps of a trace', () => {
  it('are none of a request that left nothing', () => {
    assert.deepEqual(stepsOf('r', none, true), []);
  });

  it('name their causes: request, event, signal of a step, timer', () => {
    const steps = stepsOf(
      'r',
      {
        ...none,
        work: [
          work('a', { actor: 'ada' }),
          work('b', { idempotencyKey: 'e.a.0.1' }),
          work('c', { idempotencyKey: 'e.lamp.l1-4-0' }),
          work('d', { idempotencyKey: 't.lamp.l1-4-1' }),
        ],
        events: [event('a.0')],
        transitions: [transition('t4', 4, 'e.a.0.1'), transition('t5', 5, 't.lamp.l1-4-1')],
        timers: [timer('lamp.l1-4-1')],
      },
      true,
    );
    const parents = Object.fromEntries(steps.map(({ id, parent }) => [id, parent]));
    assert.deepEqual(parents, {
      r: undefined,
      a: 'r',
      'a.done': 'a',
      'a.0': 'a',
      b: 'a.0',
      'b.done': 'b',
      t4: 'b',
      c: 't4',
      'c.done': 'c',
      'lamp.l1-4-1': 't4',
      'lamp.l1-4-1.fired': 'lamp.l1-4-1',
      d: 'lamp.l1-4-1',
      'd.done': 'd',
      t5: 'd',
    });
    assert.match(steps.find(({ what }) => what === 'timer-fired')?.title ?? '', /250 ms late/u);
  });

  it('hang the steps of an import on its beginning, and each line on the step that made it', () => {
    const later = (ms: number): Date => new Date(at.getTime() + ms);
    const step = (n: number, doneMs: number): TracedWork =>
      work(`s${n}`, { key: 'import.i1', idempotencyKey: `i.i1.step.${n}`, doneAt: later(doneMs) });
    const line = (place: number, ms: number): TracedWork =>
      work(`i1-000000${place}`, { idempotencyKey: `i.i1.${place}`, acceptedAt: later(ms), doneAt: later(ms + 5) });
    const steps = stepsOf(
      'r',
      {
        ...none,
        work: [
          work('b', { actor: 'ada', kind: 'operations.import.begin', key: 'import.i1' }),
          work('c', { actor: 'ada', kind: 'operations.import.cancel', key: 'import.i1' }),
          step(0, 10),
          line(0, 10),
          line(1, 10),
          step(1, 30),
          line(2, 30),
          work('other', { idempotencyKey: 'i.i2.step.0' }),
          work('i2-0000000', { idempotencyKey: 'i.i2.0', acceptedAt: later(-1) }),
        ],
      },
      true,
    );
    const ids = ['s0', 'i1-0000000', 'i1-0000001', 's1', 'i1-0000002', 'other', 'i2-0000000'];
    assert.deepEqual(
      ids.map((id) => parentOf(steps, id)),
      ['b', 's0', 's0', 'b', 's1', 'r', 'r'],
    );
  });

  it('hang the runs of a schedule on what fired them: the time that came, or somebody', () => {
    const due = 's.beat.2026-03-01T12:00:00.000Z';
    const steps = stepsOf(
      'r',
      {
        ...none,
        work: [
          work('f', { key: 'schedule.beat', idempotencyKey: `${due}.4` }),
          work('q', { idempotencyKey: due }),
          work('p', { idempotencyKey: 's.beat.2026-03-01T11:59:00.000Z' }),
          work('m', { actor: 'ada', key: 'schedule.beat' }),
          work('m.run', { idempotencyKey: `${due}.m` }),
          work('z', { idempotencyKey: 's.other.2026-03-01T12:00:00.000Z' }),
        ],
      },
      true,
    );
    assert.deepEqual(
      ['f', 'q', 'p', 'm.run', 'z'].map((id) => parentOf(steps, id)),
      ['r', 'f', 'f', 'm', 'r'],
    );
  });

  it('hang who is told how a row ended on that row, and what a step asks of children and undoes on the step', () => {
    const steps = stepsOf(
      'r',
      {
        ...none,
        work: [
          work('a', { actor: 'ada' }),
          work('m.run', { actor: 'ada', kind: 'lamp.run' }),
          work('told', { idempotencyKey: 'd.a.1' }),
          work('again', { idempotencyKey: 'd.m.run.2' }),
          ...['c0', 'p1', 'm2', 'x3', 'end'].map((what) => work(what, { idempotencyKey: `e.lamp.l1-4-${what}` })),
          work('undo', { idempotencyKey: 'u.lamp.l1-4' }),
          work('undone', { idempotencyKey: 'u.a.x.1' }),
        ],
        transitions: [transition('t4', 4, 'w.a')],
      },
      true,
    );
    assert.deepEqual(
      ['told', 'again', 'c0', 'p1', 'm2', 'x3', 'end', 'undo', 'undone'].map((id) => parentOf(steps, id)),
      ['a', 'm.run', 't4', 't4', 't4', 't4', 't4', 't4', 'a'],
    );
  });

  it('put causes before what follows from them at the same moment, whatever their ids', () => {
    const rows = {
      ...none,
      work: [work('z', { actor: 'ada' }), work('m', { idempotencyKey: 'e.z.0.0' })],
      events: [event('z.0')],
      transitions: [transition('a1', 1, 'e.z.0.0')],
    };
    const order = stepsOf('r', rows, true).map(({ id }) => id);
    assert.deepEqual(order, ['r', 'z', 'z.0', 'z.done', 'm', 'a1', 'm.done']);
  });

  it('hang on the request where the row between is kept no more', () => {
    const steps = stepsOf(
      'r',
      { ...none, events: [event('gone.0')], transitions: [transition('t1', 1, 'w.gone')] },
      true,
    );
    assert.deepEqual([parentOf(steps, 'gone.0'), parentOf(steps, 't1')], ['r', 'r']);
  });

  it('take no cause from a key that a client chose', () => {
    const steps = stepsOf(
      'r',
      { ...none, work: [work('a', { actor: 'ada', idempotencyKey: 'e.x.0.0' })], events: [event('x.0')] },
      true,
    );
    assert.equal(parentOf(steps, 'a'), 'r');
  });

  it('become a text whose lines nobody else can break', () => {
    const steps = stepsOf('r', { ...none, work: [work('a', { state: 'new', error: 'first\n\u001B[2Jsecond' })] }, true);
    const lines = storyOf(steps, false).trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[2] ?? '', /not done yet · error: first \[2Jsecond$/u);
  });
});
