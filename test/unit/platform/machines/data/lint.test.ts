// Lint of definitions: each error once, at its place.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lintDefinition } from '#src/platform/machines/data/data.ts';
import { options, end, around, toEnd, says, patterned, many, nested, deep, raise, child, grant } from './lamps.ts';

describe('lint of a definition', () => {
  const errors: readonly [string, unknown, readonly string[]][] = [
    ['what is no object', 7, ['schema ']],
    ['a member nobody knows', around({ a: { ...toEnd, guards: {} } }), ['schema /states/a/guards']],
    ['a function', { ...around({ a: toEnd }), meta: { code: () => 1 } }, ['schema /meta/code']],
    ['a value that is no JSON', { ...around({ a: toEnd }), meta: { at: new Date() } }, ['schema /meta/at']],
    ['an event without senders', around({ a: toEnd }, { events: { GO: { from: [] } } }), ['schema /events/GO/from']],
    [
      'a pattern that looks back',
      around({ a: toEnd }, { input: patterned('(a)\\1') }),
      ['schema /input/properties/x/pattern'],
    ],
    ['half an expression', around({ a: { ...toEnd, output: { $cel: '1', or: 2 } } }), ['schema /states/a/output']],
    ['more than 64 KB', { description: 'x'.repeat(70_000) }, ['too-large ']],
    ['more than 300 states', around(many(299)), ['too-large ']],
    ['states nine deep', nested(9), ['too-deep ']],
    ['JSON without end', deep(100), [`too-deep ${'/a'.repeat(41)}`]],
    ['a state of every object', around({ toString: {}, a: toEnd }), ['reserved-name /states/toString']],
    ['a prototype', JSON.parse('{"states":{"__proto__":{}}}'), ['reserved-name /states/__proto__']],
    ['a constructor', { context: { constructor: 1 } }, ['reserved-name /context/constructor']],
    [
      'an event of XState',
      around({ a: { on: { 'xstate.stop': 'end', GO: 'end' } } }),
      ['reserved-name /states/a/on/xstate.stop'],
    ],
    [
      'an event of histories',
      around({ a: toEnd }, { events: { GO: { from: ['owner'] }, created: { from: ['owner'] } } }),
      ['reserved-name /events/created'],
    ],
    [
      'an id in the input',
      around({ a: toEnd }, { input: { type: 'object', properties: { id: {} } } }),
      ['reserved-name /input/properties/id'],
    ],
    [
      'a raised event of XState',
      around({ a: { ...toEnd, entry: raise('xstate.done.actor.x') } }),
      ['reserved-name /states/a/entry/params/event/type'],
    ],
    ['a wait of nothing', around({ a: { after: { 0: 'end' }, ...toEnd } }), ['delay /states/a/after/0']],
    ['a wait of months', around({ a: { after: { P1M: 'end' }, ...toEnd } }), ['delay /states/a/after/P1M']],
    ['a negative wait', around({ a: { ...toEnd, entry: raise('GO', -1) } }), ['delay /states/a/entry/params/delay']],
    [
      'a final state that goes on',
      around({ a: toEnd }, { states: { a: toEnd, end: { type: 'final', on: { GO: 'a' } } } }),
      ['kind /states/end/on'],
    ],
    ['no first state', around({ a: toEnd }, { initial: undefined }), ['schema /initial']],
    ['no word of which state is first', { states: { end } }, ['missing-initial ']],
    [
      'a target that is none',
      around({ a: { on: { GO: [{ target: 'b', guard: 'true' }, 'end'] } } }),
      ['unknown-target /states/a/on/GO/0'],
    ],
    ['a first state that is none', around({ a: toEnd }, { initial: 'b' }), ['unknown-target /initial']],
    [
      'an id twice',
      around({ a: { ...toEnd, id: 'x' } }, { states: { a: { ...toEnd, id: 'x' }, end: { ...end, id: 'x' } } }),
      ['duplicate-id /states/end/id'],
    ],
    [
      'a child twice',
      around({ a: { ...toEnd, invoke: [child('c'), child('c')] } }),
      ['duplicate-id /states/a/invoke/1/id'],
    ],
    [
      'an event nobody declares',
      around({ a: { on: { GO: 'end', COME: 'end' } } }),
      ['unknown-event /states/a/on/COME'],
    ],
    [
      'a child nobody invokes',
      around({ a: { ...toEnd, exit: { type: 'sendTo', params: { child: 'c', event: { type: 'X' } } } } }),
      ['unknown-child /states/a/exit/params/child'],
    ],
    [
      'a timer nobody arms',
      around({ a: { ...toEnd, exit: { type: 'cancel', params: { id: 't' } } } }),
      ['unknown-timer /states/a/exit/params/id'],
    ],
    [
      'a machine that is none',
      around({ a: { ...toEnd, invoke: { ...child('c'), src: 'candle' } } }),
      ['unknown-machine /states/a/invoke/src'],
    ],
    [
      'an action that is none',
      around({ a: { ...toEnd, entry: ['log', 'shine'] } }),
      ['unknown-action /states/a/entry/1'],
    ],
    [
      'an effect that is none',
      around({ a: { ...toEnd, invoke: { ...child('c'), src: 'effect:shine' } } }),
      ['unknown-effect /states/a/invoke/src'],
    ],
    [
      'a rule that cannot be read',
      around({ a: { on: { GO: { target: 'end', guard: 'context.' } } } }),
      ['expression /states/a/on/GO/guard'],
    ],
    [
      'a rule of unknown names',
      around({ a: { on: { GO: { target: 'end', guard: 'user == 1' } } } }),
      ['expression /states/a/on/GO/guard'],
    ],
    [
      'the event in the first context',
      around({ a: toEnd }, { context: { x: { $cel: 'event.x' } } }),
      ['expression /context/x'],
    ],
    [
      'params that do not fit',
      around({ a: { ...toEnd, entry: grant({ userId: { $cel: 'actor' }, amount: 'many', reason: 'x' }) } }),
      ['params /states/a/entry/params/amount'],
    ],
    [
      'params that are missing',
      around({ a: { ...toEnd, entry: grant({ userId: { $cel: 'actor' } }) } }),
      ['params /states/a/entry/params/amount', 'params /states/a/entry/params/reason'],
    ],
    [
      'a word of another machine',
      around({ a: { ...toEnd, entry: { type: 'emit', params: { type: 'sun.up', data: {} } } } }),
      ['emit-type /states/a/entry/params/type'],
    ],
    ['a state nothing leads to', around({ a: toEnd, b: toEnd }), ['unreachable-state /states/b']],
    [
      'a state nothing leads out of',
      around({ a: { on: { GO: [{ target: 'end', guard: 'true' }, 'b'] } }, b: {} }),
      ['trap-state /states/b'],
    ],
    [
      'a cycle without end',
      around({ a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b', after: { 5: 'end' } } }),
      ['always-cycle /states/b', 'always-cycle /states/c'],
    ],
    [
      'a cycle within its own state',
      around({ a: { ...toEnd, always: { actions: 'log' } } }),
      ['always-cycle /states/a'],
    ],
    [
      'a transition that is never asked',
      around({ a: { on: { GO: ['end', { target: 'end', guard: 'true' }] } } }),
      ['shadowed /states/a/on/GO/1'],
    ],
  ];
  for (const [what, definition, expected] of errors) {
    it(`finds ${what}`, () => {
      assert.deepEqual(says(lintDefinition(definition, options).errors), expected);
    });
  }

  it('leaves as many states be as there may be, and as deep', () => {
    for (const source of [around(many(298)), nested(8)]) {
      const codes = new Set(lintDefinition(source, options).errors.map(({ code }) => code));
      assert.ok(!codes.has('too-large') && !codes.has('too-deep'));
    }
  });
});
