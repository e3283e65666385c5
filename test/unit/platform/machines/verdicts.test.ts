// What each guard says of an event: the reason for a no.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { and, not, setup, stateIn } from 'xstate';
import { start, step } from '#src/platform/machines/kernel.ts';
import { surroundings } from '#src/platform/machines/surroundings.ts';
import { verdicts } from '#src/platform/machines/verdicts.ts';
import { define, taken } from './charts.ts';

const around = { now: new Date('2026-01-01T00:00:00.000Z'), actor: 'user-1' };

const signing = define(
  setup({
    guards: {
      mine: () => surroundings().actor === 'user-1' && surroundings().tags.includes('open'),
      enough: ({ event }) => (event as unknown as { count: number }).count > 1,
      broken: () => {
        throw new Error('no such member');
      },
    },
  }).createMachine({
    id: 'signing',
    initial: 'open',
    states: {
      open: {
        tags: ['open'],
        on: {
          SIGN: [{ guard: 'enough', target: 'signed' }, { guard: { type: 'mine' } }],
          FIX: [{ guard: 'broken', target: 'signed' }, { target: 'signed' }],
          ALL: [
            { guard: and(['mine', not('enough')]), target: 'signed' },
            { guard: stateIn('open'), target: 'signed' },
          ],
          'a.*': 'signed',
          'a.b': { guard: 'mine' },
        },
      },
      signed: { type: 'final' },
    },
    on: { SIGN: { target: '.signed' }, '*': { guard: () => false } },
  }),
);
const { snapshot } = start(signing, undefined, around);
const of = (type: string, more = {}) => verdicts(signing, snapshot, { type, ...more }, around);

describe('verdicts', () => {
  const open = { state: 'signing.open', target: ['signing.signed'] };
  const rest = { state: 'signing', target: [], guard: 'guard', says: false };

  it('name each transition in the order it is asked, with its guard’s word', () => {
    const inner = { state: 'signing.open', target: [], guard: 'mine', says: true };
    const outer = { state: 'signing', target: ['signing.signed'], guard: null, says: true };
    assert.deepEqual(of('SIGN', { count: 1 }), [{ ...open, guard: 'enough', says: false }, inner, outer, rest]);
    assert.equal(of('SIGN', { count: 2 })[0]?.says, true);
    const other = verdicts(signing, snapshot, { type: 'SIGN', count: 1 }, { ...around, actor: 'user-2' });
    assert.equal(other[1]?.says, false);
  });

  it('say what a guard threw, and go on', () => {
    const threw = { ...open, guard: 'broken', says: 'threw', error: 'no such member' };
    assert.deepEqual(of('FIX'), [threw, { ...open, guard: null, says: true }, rest]);
  });

  it('name guards that are made of others', () => {
    assert.deepEqual(
      of('ALL', { count: 1 }).map(({ guard, says }) => [guard, says]),
      [
        ['and(mine, not(enough))', true],
        ['stateIn("open")', true],
        ['guard', false],
      ],
    );
  });

  it('know wildcards, and are none for what nobody could take', () => {
    assert.deepEqual(
      of('a.b').map(({ state, guard }) => [state, guard]),
      [
        ['signing.open', 'mine'],
        ['signing.open', null],
        ['signing', 'guard'],
      ],
    );
    assert.deepEqual(of('xstate.done.actor.x'), []);
    const signed = taken(step(signing, snapshot, { type: 'a.c' }, around));
    assert.deepEqual(verdicts(signing, signed.snapshot, { type: 'SIGN' }, around), []);
  });
});
