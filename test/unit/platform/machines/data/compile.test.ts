// What each part of the form comes to in the kernel: events of children, times, senders, defaults, and what one action sees
// of another.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileDefinition, DefinitionError, parseDefinition } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { complete, fail, fire, start, step, type Step } from '#src/platform/machines/kernel.ts';
import { verdicts } from '#src/platform/machines/verdicts.ts';
import { taken } from '../charts.ts';

const around = { now: new Date('2026-01-01T00:00:00.000Z'), actor: 'u1' };
const compiled = (source: object): MachineDefinition =>
  compileDefinition(parseDefinition(source), { type: 'form', version: 3 });
const set = (params: object): object => ({ type: 'set', params });
const begun = (source: object, input: object = {}): [MachineDefinition, Step] => {
  const definition = compiled(source);
  return [definition, start(definition, { ...input, id: 'f1' }, around)];
};
/** What a chart is after one event, for what that event does. */
const after = (go: object, more: object = {}, event: object = {}): Step => {
  const [definition, { snapshot }] = begun({ initial: 'a', states: { a: { on: { GO: go } }, b: {} }, ...more });
  return taken(step(definition, snapshot, { ...event, type: 'GO' }, around));
};

describe('a compiled definition', () => {
  it('takes what nobody says to be as closed as can be', () => {
    const { type, version, access, early, events, input, people } = compiled({ events: { GO: { from: ['anyone'] } } });
    assert.deepEqual([type, version, early], ['form', 3, 'reject']);
    assert.deepEqual(access, { create: ['operator'], read: ['owner', 'member'] });
    assert.deepEqual(people('f1', {}), { owner: null, members: [] });
    assert.equal(input.safeParse({ any: 1 }).success, false);
    assert.deepEqual(
      [events['GO']?.payload.safeParse({}).success, events['GO']?.payload.safeParse({ any: 1 }).success],
      [true, false],
    );
  });

  it('keeps what is said of events and of whom it concerns', () => {
    const definition = compiled({
      events: { GO: { from: ['role:legal'], early: 'defer', task: 'Look at it' } },
      early: 'ignore',
      owner: { $cel: 'id' },
      members: ['u1', 'u2'],
    });
    const { from, early, task } = definition.events['GO'] ?? assert.fail();
    assert.deepEqual({ from, early, task }, { from: ['role:legal'], early: 'defer', task: 'Look at it' });
    assert.deepEqual(
      [definition.early, definition.people('f1', {})],
      ['ignore', { owner: 'f1', members: ['u1', 'u2'] }],
    );
  });

  it('makes its first context of input, id, time and actor', () => {
    const input = { type: 'object', properties: { n: { type: 'integer' } } };
    const context = {
      n: { $cel: 'has(input.n) ? input.n : 0' },
      about: [{ $cel: 'id + actor' }],
      at: { $cel: 'now' },
      fix: { a: [1] },
    };
    const [, { context: made }] = begun({ input, context }, { n: 4 });
    assert.deepEqual(made, { n: 4, about: ['f1u1'], at: '2026-01-01T00:00:00.000Z', fix: { a: [1] } });
    assert.deepEqual(begun({})[1].context, {});
  });

  it('sets members from the context before the set, and shows them to the next action', () => {
    const { context, effects } = after(
      {
        actions: [
          set({ n: { $cel: 'context.n + 1' }, m: { $cel: 'context.n' } }),
          { type: 'log', params: { n: { $cel: 'context.n' }, deep: [{ m: { $cel: 'context.m' } }] } },
          set({ n: 0 }),
          'log',
        ],
      },
      { context: { n: 1 } },
    );
    assert.deepEqual(context, { n: 0, m: 1 });
    assert.deepEqual(effects, [
      { name: 'log', params: { n: 2, deep: [{ m: 1 }] } },
      { name: 'log', params: {} },
    ]);
  });

  it('lets expressions see the event, tags and who acts, and when', () => {
    const seen = { $cel: "[event.type, event.n == 2.5 ? 'same' : 'other', actor, string(now), tags[0]]" };
    const states = { a: { tags: ['calm'], on: { GO: { actions: set({ seen }) } } } };
    assert.deepEqual(after({}, { states }, { n: 2.5 }).context, {
      seen: ['GO', 'same', 'u1', '2026-01-01T00:00:00Z', 'calm'],
    });
  });

  it('names guards by what they say, in verdicts', () => {
    const guard = "event.n > 3 || actor == 'u2'";
    const [definition, { snapshot }] = begun({
      initial: 'a',
      states: { a: { on: { GO: [{ guard, target: 'b' }, 'c'] } }, b: {}, c: {} },
    });
    const said = verdicts(definition, snapshot, { type: 'GO', n: 3 }, around);
    assert.deepEqual(said, [
      { state: 'form.a', target: ['form.b'], guard, says: false },
      { state: 'form.a', target: ['form.c'], guard: null, says: true },
    ]);
    assert.equal(taken(step(definition, snapshot, { type: 'GO', n: 4 }, around)).value, 'b');
  });

  it('takes an event and does nothing, where that is written', () => {
    const [definition, { snapshot }] = begun({
      initial: 'a',
      on: { GO: '.b' },
      states: { a: { on: { GO: {} } }, b: {} },
    });
    assert.equal(taken(step(definition, snapshot, { type: 'GO' }, around)).value, 'a');
  });

  it('begins children, and hears what they come to', () => {
    const keep = set({ type: { $cel: 'event.type' }, got: { $cel: 'has(event.output) ? event.output : event.error' } });
    const [definition, first] = begun({
      context: { n: 7 },
      initial: 'a',
      states: {
        a: {
          invoke: {
            id: 'c',
            src: 'effect:grant-xp',
            input: { n: { $cel: 'context.n' }, fix: 1 },
            onDone: [{ guard: 'event.output.ok', target: 'b', actions: keep }, 'c'],
            onError: { target: 'c', actions: keep },
          },
        },
        b: {},
        c: {},
      },
    });
    assert.deepEqual(first.spawns, [
      { id: 'c', generation: 1, src: 'effect:grant-xp', input: { n: 7, fix: 1 }, invoked: true },
    ]);
    const child = { id: 'c', generation: 1 };
    const done = taken(complete(definition, first.snapshot, child, { ok: true }, around));
    assert.deepEqual([done.value, done.context], ['b', { n: 7, type: 'done.actor.c', got: { ok: true } }]);
    assert.equal(taken(complete(definition, first.snapshot, child, { ok: false }, around)).value, 'c');
    const failed = taken(fail(definition, first.snapshot, child, { code: 'x' }, around));
    assert.deepEqual([failed.value, failed.context], ['c', { n: 7, type: 'error.actor.c', got: { code: 'x' } }]);
  });

  it('speaks to children and to its parent, now and later', () => {
    const event = { type: 'HI', n: { $cel: '1 + 1' } };
    const said = after({
      target: 'b',
      actions: [
        { type: 'sendParent', params: { event } },
        { type: 'sendParent', params: { event, delay: 'PT1S', id: 'p' } },
      ],
    });
    assert.deepEqual(said.sends, [{ to: 'parent', event: { type: 'HI', n: 2 } }]);
    assert.deepEqual(
      said.timers.map(({ sendId, delayMs, trigger }) => [sendId, delayMs, trigger.kind]),
      [['p', 1_000, 'send']],
    );
    const invoke = { id: 'c', src: 'bulb' };
    const [definition, { snapshot }] = begun({
      invoke,
      on: { GO: { actions: { type: 'sendTo', params: { child: 'c', event } } } },
    });
    const told = taken(step(definition, snapshot, { type: 'GO' }, around));
    assert.deepEqual(told.sends, [{ to: { id: 'c', generation: 1 }, event: { type: 'HI', n: 2 } }]);
  });

  it('raises events, now and later, and takes them back', () => {
    const later = (delay: unknown, id: string): object => ({
      type: 'raise',
      params: { event: { type: 'GO' }, delay, id },
    });
    const { timers } = after({
      target: 'b',
      actions: [
        later('P1D', 'day'),
        later(250, 'ms'),
        later({ $cel: "duration('1m') + duration('1ms')" }, 'cel'),
        later({ $cel: '-3' }, 'past'),
      ],
    });
    assert.deepEqual(
      timers.map(({ sendId, delayMs }) => [sendId, delayMs]),
      [
        ['day', 86_400_000],
        ['ms', 250],
        ['cel', 60_001],
        ['past', 0],
      ],
    );
    assert.deepEqual(after({ actions: { type: 'cancel', params: { id: 'day' } } }).cancels, ['day']);
    assert.equal(
      after({ actions: { type: 'raise', params: { event: { type: 'NEXT' } } } }, { on: { NEXT: '.b' } }).value,
      'b',
    );
  });

  it('waits by the times it is written with, the first of a list first', () => {
    const wait = [
      { delay: 'P1W', target: 'b' },
      { delay: 50, guard: "event.type == 'after.50.form.a' && actor == 'system'", target: 'b' },
      { delay: 50, target: 'c' },
    ];
    const [definition, { timers, snapshot }] = begun({ initial: 'a', states: { a: { after: wait }, b: {}, c: {} } });
    assert.deepEqual(
      timers.map(({ sendId, delayMs }) => [sendId, delayMs]),
      [
        ['after.50.form.a', 50],
        ['after.P1W.form.a', 604_800_000],
      ],
    );
    const due = (actor: string): unknown =>
      taken(fire(definition, snapshot, timers[0]!.trigger, { ...around, actor })).value;
    assert.deepEqual([due('system'), due('u1')], ['b', 'c']);
  });

  it('is refused in one sentence where it cannot be', () => {
    const refused = (source: object, words: RegExp): void => {
      assert.throws(
        () => compiled(source),
        (error) => error instanceof DefinitionError && words.test(error.message),
      );
    };
    refused({ initial: 'a', states: { a: { on: { GO: 'b' } } } }, /Child state 'b' does not exist/u);
    refused({ initial: 'a', states: { a: { on: { GO: { guard: 'x' } } } } }, /names x, which is unknown/u);
    refused({ states: 7 }, /^\/states: /u);
  });

  const payloads: readonly [string, object, unknown, unknown][] = [
    ['texts by length', { type: 'string', minLength: 2, maxLength: 3 }, 'ab', 'abcd'],
    ['texts by form', { type: 'string', format: 'email' }, 'a@b.test', 'a'],
    ['texts by pattern', { type: 'string', pattern: '^[a-c]+$' }, 'abc', 'abd'],
    ['texts up to a bound nobody named', { type: 'string' }, 'a', 'a'.repeat(10_001)],
    ['whole numbers', { type: 'integer', minimum: 1, exclusiveMaximum: 3 }, 2, 3],
    ['numbers', { type: 'number', exclusiveMinimum: 0, maximum: 1, multipleOf: 0.5 }, 0.5, 0.75],
    ['truth', { type: 'boolean' }, false, 0],
    ['nothing', { type: 'null' }, null, 0],
    ['one of some', { enum: ['a', 1, null] }, null, 'b'],
    ['the one', { const: 'a' }, 'a', 'b'],
    ['one kind or another', { anyOf: [{ type: 'string' }, { type: 'integer' }] }, 1, 1.5],
    ['lists', { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 }, [1], ['a']],
    ['lists without repeats', { type: 'array', uniqueItems: true }, [{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 1 }]],
    ['lists up to a bound nobody named', { type: 'array' }, [], Array.from({ length: 1_001 }, () => 1)],
    [
      'objects and no more',
      { type: 'object', properties: { a: {}, b: {} }, required: ['a'] },
      { a: 1 },
      { a: 1, c: 1 },
    ],
    ['objects with what they need', { type: 'object', properties: { a: {} }, required: ['a'] }, { a: [] }, {}],
    ['objects of any members', { type: 'object', additionalProperties: { type: 'integer' } }, { x: 1 }, { x: 'a' }],
    ['any JSON', {}, { a: [1, null] }, undefined],
  ];
  for (const [what, schema, right, wrong] of payloads) {
    it(`holds payloads against schemas: ${what}`, () => {
      const payload = { type: 'object', properties: { x: schema }, required: ['x'] };
      const held = compiled({ events: { GO: { from: ['owner'], payload } } }).events['GO']?.payload;
      assert.deepEqual([held?.safeParse({ x: right }).success, held?.safeParse({ x: wrong }).success], [true, false]);
    });
  }

  it('takes schemas of that kind only', () => {
    const odd: readonly object[] = [
      { type: 'string', minimum: 1 },
      { type: ['string'] },
      { $ref: '#' },
      { not: {} },
      { type: 'string', format: 'regex' },
      { type: 'array', items: [{}] },
      { type: 'object', required: ['a'] },
      Array.from({ length: 9 }).reduce<object>((inner) => ({ type: 'array', items: inner }), {}),
    ];
    for (const schema of odd) {
      const payload = { type: 'object', properties: { x: schema } };
      assert.throws(
        () => compiled({ events: { GO: { from: ['owner'], payload } } }),
        DefinitionError,
        JSON.stringify(schema),
      );
    }
  });
});
