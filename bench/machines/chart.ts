// The machine of this benchmark: a turnstile that each TURN moves between two states and counts. The same for all: as XState
// for the peers, as data for the product, whose `on` also arms a timer and emits an event.
import { assign, setup, transition, type Snapshot } from 'xstate';

const chart = setup({
  types: { context: {} as { turns: number }, events: {} as { type: 'TURN' } },
  actions: { counted: assign({ turns: ({ context }) => context.turns + 1 }) },
}).createMachine({
  id: 'turnstile',
  context: { turns: 0 },
  initial: 'off',
  states: {
    off: { on: { TURN: { target: 'on', actions: 'counted' } } },
    on: { on: { TURN: { target: 'off', actions: 'counted' } } },
  },
});

/** Where a turnstile stands: what the peers keep of it. */
export interface Standing {
  readonly value: unknown;
  readonly context: { readonly turns: number };
}

/** Where a new turnstile stands. */
export const standingFirst: Standing = { value: 'off', context: { turns: 0 } };

/** Where a turnstile stands after a TURN, by XState's pure `transition`. */
export function turned({ value, context }: Standing): Standing {
  const before = chart.resolveState({ value: value as 'on' | 'off', context });
  const [after] = transition(chart, before, { type: 'TURN' }) as unknown as [Snapshot<unknown> & Standing];
  return { value: after.value, context: after.context };
}

const count = { type: 'set', params: { turns: { $cel: 'context.turns + 1' } } };

/** The product's turnstile, as POST /api/state-machines/definitions takes it. */
export const turnstile = {
  type: 'turnstile',
  definition: {
    context: { turns: 0 },
    access: { create: ['operator'], read: ['operator'] },
    events: { TURN: { from: ['operator'] } },
    initial: 'off',
    states: {
      off: { on: { TURN: { target: 'on', actions: [count] } } },
      on: {
        entry: [{ type: 'emit', params: { type: 'turnstile.opened', data: { turns: { $cel: 'context.turns' } } } }],
        on: { TURN: { target: 'off', actions: [count] } },
        after: { PT1H: 'off' },
      },
    },
  },
};
