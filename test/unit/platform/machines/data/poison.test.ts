// Definitions that would hang or swell a process: each comes to a clean end. Figures of workflow.md 0.4 and 3.5.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  DefinitionError,
  lintDefinition,
  parseDefinition,
  simulate,
} from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { start, step, type Step } from '#src/platform/machines/kernel.ts';
import { effects } from './signing.ts';
import { toEnd } from '../../../../support/pieces.ts';

const around = { now: new Date('2026-01-01T00:00:00.000Z'), actor: 'u1' };
const compiled = (source: object): MachineDefinition =>
  compileDefinition(parseDefinition(source), { type: 'poison', version: 1 });
const set = (params: object): object => ({ type: 'set', params });
/** A chart that rests until GO, and then does something. */
const onGo = (go: object, more: object = {}): object => ({
  events: { GO: { from: ['owner'], payload: { type: 'object', additionalProperties: true } } },
  initial: 'rest',
  states: { rest: { on: { GO: go } }, end: { type: 'final' } },
  ...more,
});
const loop = (actions: unknown, more: object = {}): object => ({
  ...onGo({ target: 'loop' }, more),
  states: { rest: { on: { GO: 'loop' } }, loop: { always: { guard: 'true', target: 'loop', reenter: true, actions } } },
});
const go = (definition: MachineDefinition, payload: object = {}): Step => {
  const { snapshot } = start(definition, { id: 'p' }, around);
  const outcome = step(definition, snapshot, { ...payload, type: 'GO' }, around);
  assert.ok(outcome.accepted);
  return outcome;
};

const muchEachRound = [...Array.from({ length: 49 }, () => 'log'), set({ n: { $cel: 'context.n + 1' } })];
const text = 'x'.repeat(50_000);
const heavy = `[${'1,'.repeat(20)}1].all(a, [${'1,'.repeat(20)}1].all(b, a == b)) && ${'context.l.all(x, x < context.l.size()) && '.repeat(3)}false`;
const list = Array.from({ length: 900 }, (_, index) => index);

describe('a step of a poisonous definition', () => {
  const failing: readonly [string, object, RegExp, object?][] = [
    [
      'goes round by transitions without an event',
      {
        ...onGo({ target: 'a' }),
        states: { rest: { on: { GO: 'a' } }, a: { always: { target: 'b', guard: 'true' } }, b: { always: 'a' } },
      },
      /Infinite loop/u,
    ],
    [
      'raises what raises it',
      onGo({ actions: { type: 'raise', params: { event: { type: 'GO' } } } }),
      /Infinite loop/u,
    ],
    [
      'doubles a text',
      loop(set({ t: { $cel: 'context.t + context.t' } }), { context: { t: 'x' } }),
      /more than 65536 characters/u,
    ],
    [
      'doubles a list',
      loop(set({ l: { $cel: 'context.l + context.l' } }), { context: { l: [1] } }),
      /more than 1000 elements/u,
    ],
    [
      'doubles what a text stands in',
      loop(set({ m: [{ $cel: 'context.m' }, { $cel: 'context.m' }] }), { context: { m: 'x' } }),
      /more than \d+|takes more|grows beyond/u,
    ],
    [
      'keeps more than 256 KB',
      onGo({ actions: 'abcdef'.split('').map((key) => set({ [key]: { $cel: 'event.text' } })) }),
      /grows beyond 256 KB/u,
      { text },
    ],
    [
      'asks many slow guards',
      onGo(Array.from({ length: 50 }, () => ({ guard: heavy, target: 'end' })) as never, { context: { l: list } }),
      /takes more steps/u,
    ],
    ['does much in each round', loop(muchEachRound, { context: { n: 0 } }), /evaluates more than 2000/u],
    [
      'nests its context without end',
      loop(set({ m: [{ $cel: 'context.m' }] }), { context: { m: 'x' } }),
      /grows beyond 48 levels/u,
    ],
    [
      'makes more than a row holds',
      onGo({ actions: Array.from({ length: 30 }, () => ({ type: 'log', params: { t: { $cel: 'event.text' } } })) }),
      /more than 1024 KB/u,
      { text },
    ],
    ['makes a member no object may have', onGo({ actions: set({ x: { $cel: "{'__proto__': 1}" } }) }), /__proto__/u],
    [
      'makes what would be read as a reference',
      onGo({ actions: set({ x: { $ref: 'a', $id: { $cel: 'event.text' } } }) }),
      /\$ref, which is reserved/u,
      { text: 'b' },
    ],
    ['makes a type of the driver', onGo({ actions: set({ _bsontype: 'Long' }) }), /_bsontype, which is reserved/u],
    ['reads what there is not', onGo({ guard: 'context.none.deeper == 1' }), /field not found/u],
    [
      'waits for no time',
      onGo(
        { target: 'end' },
        { states: { rest: { on: { GO: 'w' } }, w: { after: [{ delay: { $cel: "'soon'" }, target: 'rest' }] } } },
      ),
      /neither milliseconds nor a duration/u,
    ],
    [
      'waits for ever',
      onGo(
        { target: 'end' },
        { states: { rest: { on: { GO: 'w' } }, w: { after: [{ delay: { $cel: '4000000000000' }, target: 'rest' }] } } },
      ),
      /up to a hundred years/u,
    ],
    [
      'speaks to a child that is over',
      onGo({ actions: { type: 'sendTo', params: { child: 'c', event: { type: 'X' } } } }),
      /Unable to send event to actor 'c'/u,
    ],
  ];
  for (const [what, source, reason, payload] of failing) {
    it(`fails where it ${what}`, () => {
      const definition = compiled(source);
      assert.throws(
        () => go(definition, payload),
        (error) => error instanceof MachineFault && reason.test(error.message),
      );
    });
  }

  it('fails at the start, where the first context is too large', () => {
    const wide = compiled({
      input: { type: 'object', properties: { t: { type: 'string', maxLength: 100_000 } } },
      context: { a: { $cel: 'input.t' }, b: { $cel: 'input.t' }, c: { $cel: 'input.t' } },
    });
    assert.throws(() => start(wide, { id: 'p', t: 'x'.repeat(99_000) }, around), /grows beyond 256 KB/u);
  });

  it('fails where it does not say whom it concerns', () => {
    for (const owner of ['context.none', '1', '[id]']) {
      assert.throws(() => compiled({ owner: { $cel: owner } }).people('p', {}), MachineFault);
    }
    assert.throws(() => compiled({ members: { $cel: '[1]' } }).people('p', {}), MachineFault);
  });

  it('may wait for what is in the past: that is now', () => {
    const wait = { after: [{ delay: { $cel: "duration('-5s')" }, target: 'rest' }] };
    const late = compiled(onGo({}, { states: { rest: { on: { GO: 'w' } }, w: wait } }));
    assert.deepEqual(
      go(late).timers.map(({ delayMs }) => delayMs),
      [0],
    );
  });

  it('is taken in a hundred regions at once, and where a text is matched that hangs other engines', () => {
    const region = { initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } };
    const regions = Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`r${index}`, region]));
    const wide = compiled({ events: { GO: { from: ['owner'] } }, type: 'parallel', states: regions });
    assert.equal(go(wide).status, 'done');
    const matched = compiled(onGo({ guard: "event.text.matches('^(a+)+$')", target: 'end' }));
    assert.equal(go(matched, { text: `${'a'.repeat(28)}` }).value, 'end');
    const { snapshot } = start(matched, { id: 'p' }, around);
    const hostile = { type: 'GO', text: `${'a'.repeat(28)}!` };
    assert.equal(step(matched, snapshot, hostile, around).accepted, false);
  });
});

describe('a poisonous definition', () => {
  it('is refused where an expression is too large, too deep, or of unknown words', () => {
    const nested = '[1].map(a, [1].map(b, [1].map(c, a + b + c)))';
    for (const guard of [
      nested,
      `${'('.repeat(60)}1${')'.repeat(60)} == 1`,
      `${'1 + '.repeat(300)}1 == 1`,
      'process.exit()',
      '1 +',
      'now == ',
    ]) {
      assert.throws(() => compiled(onGo({ guard })), DefinitionError, guard);
      assert.equal(lintDefinition(onGo({ guard }), { effects }).errors[0]?.path, '/states/rest/on/GO/guard');
    }
  });

  it('does not hang a payload by its pattern, and takes no text that its matcher cannot finish', () => {
    const payload = { type: 'object', properties: { t: { type: 'string', pattern: '^(a+)+$', maxLength: 100_000 } } };
    const { events } = compiled({ events: { GO: { from: ['owner'], payload } } });
    const fits = (t: string): boolean => events['GO']?.payload.safeParse({ t }).success === true;
    assert.deepEqual([fits('a'.repeat(28)), fits(`${'a'.repeat(9_000)}!`), fits('')], [true, false, false]);
    assert.equal(fits('a'.repeat(100_000)), true);
  });

  it('is looked through to the end, however its 64 KB are spent', () => {
    const names = Array.from({ length: 290 }, (_, index) => `s${index}`);
    const ring = Object.fromEntries(
      names.map((name, index) => [
        name,
        { always: names.slice(index % 20, (index % 20) + 9).map((target) => ({ target, guard: 'true' })) },
      ]),
    );
    const flat = { initial: 's0', states: ring };
    const regions = {
      type: 'parallel',
      states: Object.fromEntries(names.map((name) => [name, { always: { target: '#far', guard: 'true' } }])),
    };
    const wide = { initial: 'p', states: { p: regions, far: { id: 'far', always: 'p' } } };
    const guards = onGo(Array.from({ length: 50 }, () => ({ guard: heavy.slice(0, 900) })) as never);
    for (const source of [flat, wide, guards, { meta: { x: Array.from({ length: 30_000 }, () => 1) } }]) {
      const { errors, warnings } = lintDefinition(source, { effects });
      assert.ok(errors.length + warnings.length > 0);
    }
  });

  it('ends a simulation that would go on for ever', () => {
    const tick = compiled({ initial: 'a', states: { a: { after: { 1: 'b' } }, b: { after: { 1: 'a' } } } });
    const story = { now: around.now, actor: 'u1', events: [{ afterMs: 86_400_000 }] };
    const { steps, truncated } = toEnd(simulate(tick, story));
    assert.deepEqual([truncated, steps.length <= 500], [true, true]);
    const failing = compiled(onGo({ guard: 'context.none' }));
    const told = toEnd(simulate(failing, { ...story, events: [{ event: { type: 'GO' } }, { event: { type: 'GO' } }] }));
    assert.deepEqual(
      told.steps.map(({ accepted, problem }) => [accepted, problem === null]),
      [
        [true, true],
        [false, false],
        [false, false],
      ],
    );
  });
});
