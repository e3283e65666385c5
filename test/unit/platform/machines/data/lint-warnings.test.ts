// Lint of definitions: each warning once, at its place, and nothing about what is in order.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lintDefinition } from '#src/platform/machines/data/data.ts';
import { options, end, around, toEnd, says, raise, child, grant } from './lamps.ts';
import { blocksOf } from './signing.ts';

describe('lint of a definition that may be registered', () => {
  const warnings: readonly [string, unknown, readonly string[]][] = [
    [
      'that nothing ever ends',
      { initial: 'a', states: { a: { after: { 5: 'b' } }, b: { after: { 5: 'a' } } } },
      ['no-final '],
    ],
    [
      'a cycle that its guards may end',
      around(
        { a: { always: { target: 'b', guard: 'context.n < 3' }, ...toEnd }, b: { always: 'a' } },
        { context: { n: 0 } },
      ),
      ['guarded-always-cycle /states/a', 'guarded-always-cycle /states/b'],
    ],
    [
      'a cycle whose last way has no guard',
      around(
        { a: { always: [{ target: 'end', guard: 'context.n > 3' }, 'b'], ...toEnd }, b: { always: 'a' } },
        { context: { n: 0 } },
      ),
      ['guarded-always-cycle /states/a', 'guarded-always-cycle /states/b'],
    ],
    [
      'a failure nobody hears',
      around({ a: { ...toEnd, invoke: { id: 'c', src: 'bulb' } } }),
      ['no-on-error /states/a/invoke'],
    ],
    ['an event nobody waits for', around({ a: { after: { 5: 'end' } } }), ['unused-event /events/GO']],
    [
      'a raised event nobody waits for',
      around({ a: { ...toEnd, entry: raise('COME') } }),
      ['unheard-event /states/a/entry'],
    ],
    [
      'an event that only a child can send',
      around({ a: { on: { GO: 'end', COME: 'end' }, invoke: child('c') } }),
      ['undeclared-event /states/a/on/COME'],
    ],
    [
      'a member of the context nobody makes',
      around({ a: { on: { GO: { target: 'end', guard: 'context.x == 1 && !has(context.y)' } } } }),
      ['unknown-context /states/a/on/GO/guard'],
    ],
  ];
  for (const [what, definition, expected] of warnings) {
    it(`warns of ${what}`, () => {
      const { errors: none, warnings: found } = lintDefinition(definition, options);
      assert.deepEqual(none, []);
      assert.deepEqual(says(found), expected);
    });
  }

  const fine: readonly [string, unknown][] = [
    ['the page’s example', blocksOf('machines.md')[0]],
    [
      'expressions where params want something',
      around({ a: { ...toEnd, entry: grant({ userId: { $cel: 'actor' }, amount: { $cel: '1' }, reason: 'x' }) } }),
    ],
    [
      'regions that rest while another goes on',
      around({
        a: {
          type: 'parallel',
          onDone: 'end',
          states: {
            p: { initial: 'x', states: { x: { on: { GO: 'y' } }, y: { type: 'final' } } },
            q: { initial: 'x', states: { x: { type: 'final' } } },
          },
        },
      }),
    ],
    [
      'a state that only history begins with',
      around({
        a: { on: { GO: 'b.h' } },
        b: { initial: 'x', states: { x: {}, y: {}, h: { type: 'history', target: 'y' } }, after: { 5: 'b', 6: 'end' } },
      }),
    ],
    [
      'history, ids and what begins with a dot',
      around({
        a: {
          initial: 'x',
          states: { x: { on: { GO: '#far' } }, y: { id: 'far', ...end }, h: { type: 'history', target: '#far' } },
          onDone: '#lamp.end',
          after: { 5: '.h' },
        },
      }),
    ],
    [
      'events a raise makes, and whole families',
      around({
        a: {
          entry: raise('tick.now', 'PT5S'),
          on: { 'tick.*': 'end', GO: { actions: { type: 'cancel', params: { id: 'tick' } } } },
        },
      }),
    ],
    [
      'an event that is taken and ignored',
      around({ a: { after: { P1D: 'b' }, on: { GO: {} } }, b: { on: { GO: 'end' } } }),
    ],
  ];
  for (const [what, definition] of fine) {
    it(`says nothing about ${what}`, () => {
      assert.deepEqual(
        lintDefinition(definition, { ...options, type: what.includes('page') ? 'multi-party-signing' : 'lamp' }),
        {
          errors: [],
          warnings: [],
        },
      );
    });
  }
});
