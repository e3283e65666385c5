// One chart twice, as data and by hand with XState: whatever happens to them, they do the same.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { assign, createMachine, raise, type AnyStateMachine } from 'xstate';
import { compileDefinition, parseDefinition } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { advance, create, expire, type Advance } from '#src/platform/machines/instance.ts';
import type { NotAccepted } from '#src/platform/machines/kernel.ts';
import { surroundings } from '#src/platform/machines/surroundings.ts';

const now = new Date('2026-01-01T00:00:00.000Z');

/** A chart with regions, history, timers, sent and raised events; as data, and by hand. */
const source = {
  events: Object.fromEntries(
    ['ADD', 'FLIP', 'AWAY', 'HOME', 'LATER', 'END'].map((type) => [
      type,
      { from: ['owner'], payload: { type: 'object', properties: { n: { type: 'integer' } } } },
    ]),
  ),
  context: { n: 0, log: [] },
  initial: 'work',
  states: {
    work: {
      type: 'parallel',
      on: {
        AWAY: 'away',
        END: [
          { guard: 'context.n > 5', target: 'end' },
          { target: 'work', reenter: true },
        ],
      },
      states: {
        count: {
          initial: 'low',
          states: {
            low: {
              always: { guard: 'context.n >= 3', target: 'high' },
              on: {
                ADD: { actions: { type: 'set', params: { n: { $cel: 'context.n + (has(event.n) ? event.n : 1)' } } } },
              },
            },
            high: {
              tags: 'high',
              on: { ADD: { target: 'low', actions: { type: 'set', params: { n: 0, was: { $cel: 'context.n' } } } } },
              after: { PT1M: { target: 'low', actions: { type: 'set', params: { n: 1 } } } },
            },
          },
        },
        lamp: {
          initial: 'off',
          states: {
            off: { on: { FLIP: 'on' } },
            on: {
              entry: { type: 'raise', params: { event: { type: 'ADD', n: 2 } } },
              on: { FLIP: 'off' },
              after: [{ delay: { $cel: 'context.n * 1000 + 1' }, target: 'off' }],
            },
          },
        },
        back: { type: 'history', history: 'deep' },
      },
    },
    away: {
      entry: { type: 'emit', params: { type: 'twin.left', data: { n: { $cel: 'context.n' }, by: { $cel: 'actor' } } } },
      on: {
        HOME: 'work.back',
        LATER: {
          actions: [
            { type: 'cancel', params: { id: 'home' } },
            { type: 'raise', params: { event: { type: 'HOME' }, delay: 'PT5S', id: 'home' } },
          ],
        },
      },
    },
    end: { type: 'final' },
  },
  output: { n: { $cel: 'context.n' } },
};

interface Args {
  readonly context: { readonly n: number; readonly was?: number };
  readonly event: { readonly type: string; readonly n?: number };
}

const twin = createMachine(
  {
    id: 'twin',
    context: { n: 0, log: [] },
    initial: 'work',
    states: {
      work: {
        type: 'parallel',
        on: {
          AWAY: 'away',
          END: [
            { guard: ({ context }: Args) => context.n > 5, target: 'end' },
            { target: 'work', reenter: true },
          ],
        },
        states: {
          count: {
            initial: 'low',
            states: {
              low: {
                always: { guard: ({ context }: Args) => context.n >= 3, target: 'high' },
                on: { ADD: { actions: 'add' } },
              },
              high: {
                tags: 'high',
                on: { ADD: { target: 'low', actions: 'reset' } },
                after: { PT1M: { target: 'low', actions: 'one' } },
              },
            },
          },
          lamp: {
            initial: 'off',
            states: {
              off: { on: { FLIP: 'on' } },
              on: {
                entry: raise({ type: 'ADD', n: 2 } as never),
                on: { FLIP: 'off' },
                after: { 'context.n * 1000 + 1': 'off' },
              },
            },
          },
          back: { type: 'history', history: 'deep' },
        },
      },
      away: {
        entry: {
          type: 'emit',
          params: ({ context }: Args) => ({ type: 'twin.left', data: { n: context.n, by: surroundings().actor } }),
        },
        on: {
          HOME: 'work.back',
          LATER: { actions: ['stay', raise({ type: 'HOME' } as never, { delay: 5_000, id: 'home' })] },
        },
      },
      end: { type: 'final' },
    },
    output: ({ context }: Args) => ({ n: context.n }),
  } as never,
  {
    actions: {
      add: assign({ n: ({ context, event }: Args) => context.n + (event.n ?? 1) } as never),
      reset: assign({ n: 0, was: ({ context }: Args) => context.n } as never),
      one: assign({ n: 1 } as never),
      emit: () => undefined,
      stay: () => undefined,
    },
    delays: { PT1M: 60_000, 'context.n * 1000 + 1': ({ context }: Args) => context.n * 1_000 + 1 },
  } as never,
) as unknown as AnyStateMachine;

describe('a compiled definition', () => {
  const compiled = compileDefinition(parseDefinition(source), { type: 'twin', version: 1 });
  const byHand: MachineDefinition = { ...compiled, machine: twin };

  /** All that can be seen of a program of events and waits; the action `stay` is what cancel is as data. */
  function told(definition: MachineDefinition, program: readonly (string | number)[]): unknown[] {
    let ms = now.getTime();
    const cause = (eventId: string) => ({ eventId, actor: 'u1', requestId: 'r', now: new Date(ms) });
    let { instance }: { instance: Advance['instance'] } = create(
      definition,
      { id: 't', input: {}, inputHash: '' },
      cause('c'),
    );
    const seen: unknown[] = [];
    for (const [index, one] of program.entries()) {
      const timer = typeof one === 'number' ? instance.timers[one % Math.max(instance.timers.length, 1)] : undefined;
      ms = timer ? Math.max(ms, timer.dueAt.getTime()) : ms + 1;
      const outcome: Advance | NotAccepted = timer
        ? expire(definition, instance, timer, cause(`t.${index}`))
        : advance(
            definition,
            instance,
            { type: String(one), ...(index % 3 === 0 ? { n: index % 4 } : {}) },
            cause(`c.${index}`),
          );
      if (outcome.accepted) {
        ({ instance } = outcome);
        const row = outcome.transition;
        const done = row.effects.filter(({ name }) => name !== 'stay');
        seen.push([
          row.to,
          row.status,
          row.context,
          done,
          outcome.step.output,
          instance.timers.map(({ sendId, dueAt }) => [sendId, dueAt]),
          instance.tags,
        ]);
      } else {
        seen.push(outcome.accepts);
      }
    }
    return seen;
  }

  it('does what the same chart by hand does, on any program of events and timers', () => {
    const word = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('ADD', 'FLIP', 'AWAY', 'HOME', 'LATER', 'END') },
      fc.nat(3),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (program) => {
        assert.deepEqual(told(compiled, program), told(byHand, program));
      }),
      { numRuns: 300 },
    );
  });
});
