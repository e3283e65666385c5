// Machines as data that were written to do harm: they are refused, or fail by themselves, and everybody else goes on.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { Definer, definitions } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf } from '../../support/http.ts';
import { orderOf } from '../../support/orders.ts';

const raise = (type: string) => ({ actions: { type: 'raise', params: { event: { type } } } });

/** A machine that does something to itself on GO. */
function onGo(transition: object | string, more: object = {}): object {
  return {
    events: { GO: { from: ['operator'] }, NEVER: { from: ['operator'] } },
    context: { list: Array.from({ length: 80 }, (_, index) => index), text: 'abcdefghij' },
    initial: 'a',
    states: { a: { on: { GO: transition, MORE: raise('MORE'), NEVER: 'b' } }, b: { type: 'final' }, ...more },
  };
}

const cel = (source: string) => ({ $cel: source });
const set = (params: object) => ({ type: 'set', params });

/** A guard that walks all elements as often as there are elements. */
const slow = 'context.list.all(a, context.list.all(b, a + b >= 0)) && size(context.text) < 0';

describe('poison definitions', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
    await definer.registered('honest', orderOf('honest'));
  });
  after(async () => {
    await definer.stop();
  });

  const harmful: readonly [string, object][] = [
    [
      'go round for ever without an event',
      onGo('c', {
        c: { always: { target: 'd', guard: 'size(context.list) > 0' } },
        d: { always: [{ target: 'c', guard: 'size(context.list) > 0' }, { target: 'b' }] },
      }),
    ],
    ['raise events for ever', onGo(raise('MORE'))],
    ['double a text for ever', grows({ text: cel('context.text + context.text') })],
    ['double a list for ever', grows({ list: cel('context.list + context.list') })],
    ['make what would be read as a reference', onGo({ actions: set({ text: cel("{'$ref': 'a', '$id': 1}") }) })],
    ['nest what they have in itself for ever', grows({ list: [cel('context.list'), cel('context.list')] })],
    [
      'ask slow guards in each of a hundred turns',
      onGo('c', {
        c: {
          always: [
            ...Array.from({ length: 40 }, (_, index) => ({ target: 'b', guard: `${slow} && ${index} == ${index}` })),
            { target: 'd', guard: 'size(context.list) > 0' },
          ],
        },
        d: { always: [{ target: 'c', guard: 'size(context.list) > 0' }, { target: 'b' }] },
      }),
    ],
  ];

  function grows(params: object): object {
    return onGo('c', {
      c: { always: { target: 'd', guard: 'size(context.text) > 0' } },
      d: { always: [{ target: 'c', guard: 'size(context.text) > 0', actions: set(params) }, { target: 'b' }] },
    });
  }

  for (const [index, [what, definition]] of harmful.entries()) {
    it(`that ${what} fail by themselves, while their callers wait`, async () => {
      const type = `poison-${index}`;
      const reply = await definer.register(type, definition);
      assert.equal(reply.status, 201, reply.text);
      await definer.create(type, 'one', {});
      await definer.create('honest', `beside-${index}`);
      const [poisoned, honest] = await Promise.all([
        definer.send(type, 'one', { type: 'GO' }),
        definer.send('honest', `beside-${index}`, { type: 'PAY', amount: 10 }, definer.buyer),
      ]);
      assert.equal(problemOf(poisoned).code, 'state-machine.step-failed', poisoned.text);
      assert.equal(honest.status, 200, honest.text);
      const { value, seq } = (await definer.state(type, 'one')) as { value: unknown; seq: number };
      assert.deepEqual([value, seq], ['a', 0]);
    });
  }

  it('that are slow for each of many events that wait are tried by and by, each once', async () => {
    const guards = Array.from({ length: 8 }, (_, index) => ({ target: 'b', guard: `${slow} && ${index} == ${index}` }));
    const definition = {
      ...onGo('c', { c: { on: { NEVER: guards } } }),
      early: 'defer',
    };
    (definition as unknown as { states: { a: { on: object } } }).states.a.on = { GO: 'c' };
    await definer.registered('poison-waiting', definition);
    await definer.create('poison-waiting', 'one', {});
    for (let sent = 0; sent < 9; sent += 1) {
      assert.equal((await definer.send('poison-waiting', 'one', { type: 'NEVER' })).status, 200);
    }
    assert.equal((await definer.send('poison-waiting', 'one', { type: 'GO' })).status, 200);
    await eventually(async () => {
      const rows = await Work.native().find({ kind: 'state-machine.deferred.try' }).toArray();
      assert.ok(rows.length >= 3 && rows.every(({ state }) => state === 'done'), `${rows.length} rows`);
    }, 20_000);
    assert.equal(((await definer.state('poison-waiting', 'one')) as { deferred: unknown[] }).deferred.length, 9);
  });

  it('leave no dead letter and no broken definition behind', async () => {
    assert.equal(await DeadLetters.native().countDocuments({}), 0);
    assert.equal((await definer.call('GET', definitions)).status, 200);
  });
});
