// Two versions of a definition: what is different, and what the newer one would have made of a history.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  diffDefinitions,
  impactOf,
  parseDefinition,
  type Impact,
} from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { advance, create, expire, type Advance } from '#src/platform/machines/instance.ts';
import type { MachineEventInput, NotAccepted } from '#src/platform/machines/kernel.ts';
import type { MachineInstance, Transition } from '#src/platform/machines/store.ts';
import { toEnd } from '../../../../support/pieces.ts';

const event = { from: ['owner'] };
const old = {
  events: { NEXT: event, BACK: event, STOP: event },
  context: { turns: 0 },
  initial: 'draft',
  states: {
    draft: { on: { NEXT: 'live' } },
    live: {
      initial: 'calm',
      states: { calm: { on: { NEXT: 'busy' } }, busy: { after: { PT1H: 'calm' } } },
      on: { BACK: { target: 'draft', actions: turn(1) }, STOP: 'closed' },
    },
    closed: { type: 'final' },
  },
};

function turn(by: number): object {
  return { type: 'set', params: { turns: { $cel: `context.turns + ${by}` } } };
}

type Old = typeof old;

/** The old one with some of its states altered. */
function altered(change: (states: Record<string, object>) => object, more: Partial<Old> = {}): object {
  return { ...old, ...more, states: change(old.states) };
}

const compiled = (source: object, version: number): MachineDefinition =>
  compileDefinition(parseDefinition(source), { type: 'story', version });
const first = compiled(old, 1);

const begin = Date.parse('2026-01-01T00:00:00.000Z');
const hour = 3_600_000;

/** The history of an instance of the old version: an event for each hour, `.` where its next timer goes off. */
function historyOf(...happenings: readonly string[]): Transition[] {
  const cause = (eventId: string, hours: number) => ({
    eventId,
    actor: 'u1',
    requestId: 'r',
    now: new Date(begin + hours * hour),
  });
  const born = create(first, { id: 's1', input: {}, inputHash: 'h' }, cause('c.u1.0', 0));
  const rows: Transition[] = [born.transition];
  let { instance }: { instance: MachineInstance } = born;
  for (const [index, happening] of happenings.entries()) {
    const [timer] = instance.timers;
    const hours = (index + 1) / 2;
    const outcome: Advance | NotAccepted =
      happening === '.' && timer
        ? expire(first, instance, timer, { ...cause(`t.${timer.id}`, 0), now: new Date(timer.dueAt.getTime() + 7) })
        : advance(first, instance, { type: happening }, cause(`c.u1.${index + 1}`, hours));
    assert.ok(outcome.accepted, `${happening} was not accepted`);
    rows.push(outcome.transition);
    ({ instance } = outcome);
  }
  return rows;
}

describe('the difference of two versions', () => {
  it('is nothing between a definition and itself', () => {
    const nothing = { added: [], removed: [], changed: [] };
    const same = diffDefinitions(parseDefinition(old), parseDefinition(structuredClone(old)));
    assert.deepEqual(same, {
      states: nothing,
      events: nothing,
      transitions: nothing,
      other: [],
      compatible: true,
      missing: [],
    });
  });

  it('names states, events and transitions, and whether every old state is there', () => {
    const next = altered(
      ({ live, closed }) => ({
        draft: { tags: ['new'], on: { NEXT: { target: 'review', guard: 'context.turns < 3' } } },
        review: { on: { NEXT: 'live', STOP: 'closed' } },
        live: { ...live, initial: 'calm', states: { calm: { after: { PT2H: 'calm' } } } },
        closed,
      }),
      { events: { NEXT: event, STOP: { from: ['member'] }, LATER: event } as never, context: { turns: 1 } },
    );
    const diff = diffDefinitions(parseDefinition(old), parseDefinition(next));
    assert.deepEqual(diff, {
      states: { added: ['review'], removed: ['live.busy'], changed: ['draft'] },
      events: { added: ['LATER'], removed: ['BACK'], changed: ['STOP'] },
      transitions: {
        added: ['review on NEXT', 'review on STOP', 'live.calm after PT2H'],
        removed: ['live.calm on NEXT', 'live.busy after PT1H'],
        changed: ['draft on NEXT'],
      },
      other: ['context'],
      compatible: false,
      missing: ['live.busy'],
    });
  });
});

describe('the impact of another version', () => {
  const on = (source: object, rows: readonly Transition[]): Impact => {
    const { to: value, status, context } = rows.at(-1)!;
    return toEnd(impactOf(compiled(source, 2), { key: 's1', stands: { value, status, context }, rows }));
  };
  const busy = historyOf('NEXT', 'NEXT', '.', 'NEXT');

  it('is none where the history comes to the same, timers that were late included', () => {
    const { outcome, stands, would, contextDiffers } = on(structuredClone(old), busy);
    assert.equal(outcome, 'same');
    assert.deepEqual(stands, { value: { live: 'busy' }, status: 'active' });
    assert.deepEqual(would, stands);
    assert.equal(contextDiffers, false);
  });

  it('is told where the instance would stand elsewhere', () => {
    const rows = historyOf('NEXT', 'BACK', 'NEXT', 'STOP');
    const kept = altered((states) => ({
      ...states,
      live: { ...states['live'], on: { STOP: 'draft', BACK: 'draft' } },
    }));
    const impact = on(kept, rows);
    assert.equal(impact.outcome, 'differs');
    assert.deepEqual(impact.stands, { value: 'closed', status: 'done' });
    assert.deepEqual(impact.would, { value: 'draft', status: 'active' });
    assert.equal(impact.contextDiffers, true, 'it no longer counts its turns');
  });

  it('is told where an event of the past is not taken, or its payload does not fit', () => {
    const strict = altered((states) => ({
      ...states,
      draft: { on: { NEXT: { target: 'live', guard: 'context.turns < 1' } } },
    }));
    const rows = historyOf('NEXT', 'BACK', 'NEXT');
    const { outcome, seq, would, detail } = on(strict, rows);
    assert.deepEqual([outcome, seq, would], ['rejected', 3, null]);
    assert.match(detail ?? '', /NEXT is not taken/u);
    assert.equal(on({ ...strict, early: 'ignore' }, rows).outcome, 'differs', 'unless it may come too early');
    const payload = { type: 'object', properties: { why: { type: 'string' } }, required: ['why'] };
    const asking = { ...old, events: { ...old.events, BACK: { ...event, payload } } };
    assert.deepEqual([on(asking, rows).outcome, on(asking, rows).seq], ['rejected', 2]);
  });

  it('is told where the state it stands in is no more, and where it would be instead', () => {
    const flat = altered((states) => ({
      ...states,
      live: { on: { NEXT: {}, BACK: 'draft', STOP: 'closed' }, after: { PT1H: { actions: [] } } },
    }));
    const { outcome, missing, would } = on(flat, busy);
    assert.deepEqual([outcome, missing], ['state-missing', ['live.busy']]);
    assert.deepEqual(would, { value: 'live', status: 'active' });
  });

  it('is told where the chart fails', () => {
    const wrong = altered((states) => ({
      ...states,
      draft: { on: { NEXT: { target: 'live', guard: 'context.none' } } },
    }));
    const { outcome, seq } = on(wrong, busy);
    assert.deepEqual([outcome, seq], ['failed', 1]);
    const needing = { ...old, input: { type: 'object', properties: { a: {} }, required: ['a'] } };
    assert.deepEqual([on(needing, busy).outcome, on(needing, busy).seq], ['failed', 0]);
  });

  it('lets timers go off that only the new version has', () => {
    const quick = altered((states) => ({ ...states, draft: { ...states['draft'], after: { PT10M: 'live' } } }));
    // It is live after ten minutes and busy at half past: the second NEXT finds nobody.
    const { outcome, would } = on(quick, historyOf('NEXT', 'NEXT'));
    assert.equal(outcome, 'rejected');
    assert.equal(would, null);
    assert.deepEqual(on(quick, historyOf('NEXT')).would, { value: { live: 'busy' }, status: 'active' });
  });

  it('is not told where playing it takes too many steps', () => {
    const ticking = altered((states) => ({
      ...states,
      draft: { ...states['draft'], after: { PT2S: { target: 'draft', reenter: true } } },
    }));
    const { outcome, seq, stands, would, detail } = on(
      ticking,
      historyOf('NEXT', 'BACK', 'NEXT', 'BACK', 'NEXT', 'BACK'),
    );
    assert.deepEqual([outcome, seq, would], ['too-long', null, null]);
    assert.deepEqual(stands, { value: 'draft', status: 'active' });
    assert.match(detail ?? '', /more than 2000 steps/u);
  });

  it('hears of the ends of children as the history does', () => {
    const calling = altered((states) => ({
      ...states,
      draft: { ...states['draft'], invoke: { id: 'call', src: 'effect:ring', onDone: 'live', onError: 'closed' } },
    }));
    const [made] = historyOf();
    const child = { id: 'call', generation: 1 };
    const end = (event: MachineEventInput): Transition => ({ ...made!, seq: 1, eventId: 'e.1', event });
    const done = on(calling, [made!, end({ type: 'done.call', child, output: 1 })]);
    assert.deepEqual(done.would, { value: { live: 'calm' }, status: 'active' });
    assert.equal(on(calling, [made!, end({ type: 'error.call', child, error: 'no' })]).would?.value, 'closed');
    assert.deepEqual(on(old, [made!, end({ type: 'done.call', child, output: 1 })]).seq, 1);
  });

  it('passes over what was done to an instance from outside', () => {
    const rows = historyOf('NEXT');
    const seq = rows.length;
    const halted: Transition = {
      ...rows.at(-1)!,
      seq,
      eventId: 'c.u1.x',
      event: { type: '@cancel' },
      status: 'stopped',
    };
    const { outcome, would } = on(old, [...rows, halted]);
    assert.deepEqual([outcome, would?.status], ['same', 'stopped']);
    const moved: MachineEventInput = { type: 'migrated' };
    assert.equal(on(old, [...rows, { ...rows.at(-1)!, seq, event: moved }]).outcome, 'same');
  });
});
