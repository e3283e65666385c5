// Stories told to a definition: what timers and children do in them, and what fails.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  parseDefinition,
  simulate,
  type SimulatedStep,
  type StoryEvent,
} from '#src/platform/machines/data/data.ts';
import { toEnd } from '../../../../support/pieces.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const event = { from: ['owner'] };
const nag = { type: 'raise', params: { event: { type: 'NAG' }, delay: 'P1D', id: 'nag' } };
const definition = compileDefinition(
  parseDefinition({
    events: { CALM: event, END: event, CALL: event },
    initial: 'a',
    states: {
      a: {
        entry: nag,
        on: {
          NAG: { actions: 'log', guard: 'context.none' },
          CALM: { actions: { type: 'cancel', params: { id: 'nag' } } },
          END: 'end',
          CALL: 'calling',
        },
      },
      calling: { invoke: { id: 'call', src: 'effect:ring', onDone: 'end', onError: 'a' } },
      end: { type: 'final' },
    },
  }),
  { type: 'tale', version: 1 },
);

const tell = (...events: StoryEvent[]): SimulatedStep => {
  const { steps } = toEnd(simulate(definition, { now, actor: 'u1', events }));
  return steps.at(-1) ?? assert.fail();
};

describe('a story', () => {
  it('waits no longer for what is cancelled, nor for anything where it has ended', () => {
    assert.deepEqual(
      tell().waiting.map(({ name }) => name),
      ['nag'],
    );
    const calmed = tell({ event: { type: 'CALM' } });
    assert.deepEqual([calmed.waiting, calmed.dropped], [[], ['nag']]);
    const ended = tell({ event: { type: 'END' } });
    assert.deepEqual([ended.status, ended.waiting, ended.dropped], ['done', [], ['nag']]);
    assert.equal(tell({ event: { type: 'END' } }, { afterMs: 2 * 86_400_000 }).cause, 'event');
  });

  it('goes on after a timer that fails, and does not wait for it again', () => {
    const failed = tell({ afterMs: 9 * 86_400_000 });
    assert.deepEqual([failed.cause, failed.accepted, failed.value, failed.waiting], ['timer', false, 'a', []]);
    assert.match(failed.problem ?? '', /field not found/u);
  });

  it('hears of the ends of children, where there are any', () => {
    const call = { event: { type: 'CALL' } };
    assert.deepEqual(
      tell(call).spawns.map(({ id }) => id),
      ['call'],
    );
    assert.equal(tell(call, { child: { id: 'call', output: 1 } }).value, 'end');
    assert.equal(tell(call, { child: { id: 'call', error: 'no' } }).value, 'a');
    const { cause, accepted, value } = tell({ child: { id: 'call' } });
    assert.deepEqual([cause, accepted, value], ['child', false, 'a']);
  });
});
