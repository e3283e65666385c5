// SCXML cases of SCION and of the W3C as machines that are data, over HTTP on real MongoDB and Redis: registered, created,
// sent their events, and asked for their state after each; those of the W3C come to their end by themselves.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { newId } from '#src/platform/ids.ts';
import type { StateValue } from '#src/platform/machines/step.ts';
import { asData } from '../../scxml/as-data.ts';
import { scionCases, w3cCases, type CaseStep } from '../../scxml/cases.ts';
import { innermost } from '../../scxml/innermost.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { assertPartly } from '../../support/partly.ts';

/** Of each group that can be said as data without losing what it is about. */
const chosen = new Set([
  'actionSend/send1',
  'actionSend/send2',
  'actionSend/send4b',
  'actionSend/send8',
  'actionSend/send9',
  'assign-current-small-step/test3',
  'basic/basic2',
  'cond-js/test1',
  'default-initial-state/initial2',
  'delayedSend/send1',
  'delayedSend/send2',
  'delayedSend/send3',
  'hierarchy/hier2',
  'history/history4',
  'history/history5',
  'internal-transitions/test0',
  'more-parallel/test10b',
  'multiple-events-per-transition/test1',
  'parallel/test1',
  'parallel+interrupt/test21b',
  'parallel+interrupt/test31',
  'targetless-transition/test0',
]);

/** Numbers of the W3C's: events inside and outside, delays and what cancels them, order, entry and exit, parallel regions. */
const chosenOfW3c = new Set(
  '144 158 185 208 375 377 403a 403c 404 406 419 421 423 503 505'
    .split(' ')
    .map((number) => `w3c-ecma/test${number}.txml`),
);

describe('SCXML over HTTP', function () {
  this.timeout(20_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
  });
  after(async () => {
    await definer.stop();
  });

  const typeOf = (name: string): string => name.replaceAll(/[^a-z0-9]+/giu, '-').toLowerCase();
  const isIn = (value: StateValue, states: readonly string[]): void =>
    assert.deepEqual(innermost(value).toSorted(), states.toSorted());

  interface Standing {
    readonly value: StateValue;
    readonly timers: readonly unknown[];
  }

  async function standsIn(type: string, id: string, states: readonly string[]): Promise<void> {
    // What a delay of zero sends comes as soon as its timer is found.
    await eventually(async () => isIn(((await definer.state(type, id)) as Standing).value, states));
  }

  /** All that was sent with a delay has come. */
  async function hasHeard(type: string, id: string): Promise<void> {
    await eventually(async () => assert.deepEqual(((await definer.state(type, id)) as Standing).timers, []));
  }

  async function take(type: string, id: string, { after: waits, event, states }: CaseStep): Promise<void> {
    if (waits > 0) {
      await hasHeard(type, id);
    }
    const { status, body, text } = await definer.send(type, id, { type: event });
    // A case may send what nothing waits for.
    assert.ok(status === 200 || status === 409, text);
    const { value } = body as Partial<Standing>;
    // A short delay may move it on before anybody could ask.
    if (value === undefined || innermost(value).toSorted().join() !== states.toSorted().join()) {
      await standsIn(type, id, states);
    }
  }

  for (const { name, scxml, initial, steps } of scionCases.filter((one) => chosen.has(one.name))) {
    it(name, async () => {
      const type = typeOf(name);
      const id = newId();
      await definer.registered(type, asData(scxml));
      await definer.create(type, id, {});
      await standsIn(type, id, initial);
      for (const step of steps) {
        await take(type, id, step);
      }
    });
  }

  describe('of the W3C', () => {
    const cases = w3cCases.filter(({ name }) => chosenOfW3c.has(name));

    // All at once, so that they wait for their delays together.
    before(async () => {
      await Promise.all(
        cases.map(async ({ name, scxml }) => {
          await definer.registered(typeOf(name), asData(scxml));
          await definer.create(typeOf(name), 'one', {});
        }),
      );
    });

    for (const { name } of cases) {
      it(name, async () => {
        const { body } = await definer.call('GET', `/api/state-machines/${typeOf(name)}/one/wait?for=done&timeout=15`);
        assertPartly(body, { reached: true, state: { status: 'done', value: 'pass' } });
      });
    }
  });

  it('is tried by every case that was chosen', () => {
    const names = [...scionCases, ...w3cCases].map(({ name }) => name);
    assert.deepEqual(
      [...chosen, ...chosenOfW3c].filter((name) => !names.includes(name)),
      [],
    );
  });
});
