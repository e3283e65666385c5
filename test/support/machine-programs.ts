// Random programs for machines and what they must come to: the machine as data, what is asked of it, and a model of a few
// lines that knows neither XState nor the product. Called by test/e2e.
import fc from 'fast-check';

const whole = (maximum: number) => ({ type: 'integer', minimum: 1, maximum });
const only = (properties: object) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const count = only({ n: whole(9) });
const cel = (source: string) => ({ $cel: source });
const operators = { from: ['operator'] };

/** How long a tally rests, in milliseconds. */
const restMs = 300;

/**
 * A tally of one person: what is added earns XP, one effect for each addition, in order; nothing is taken that is not
 * there; additions that come while it is locked or rests wait for its end.
 */
export const tally = {
  initial: 'open',
  input: only({ userId: { type: 'string', maxLength: 64 } }),
  context: { userId: cel('input.userId'), total: 0, adds: 0, rests: 0 },
  access: { create: ['operator'], read: ['operator'] },
  events: {
    ADD: { payload: count, ...operators, early: 'defer' },
    TAKE: { payload: count, ...operators },
    LOCK: operators,
    UNLOCK: operators,
    REST: operators,
    CLOSE: operators,
  },
  states: {
    open: {
      on: {
        ADD: {
          actions: [
            { type: 'set', params: { total: cel('context.total + event.n'), adds: cel('context.adds + 1') } },
            {
              type: 'grant-xp',
              params: { userId: cel('context.userId'), amount: cel('event.n'), reason: cel('string(context.adds)') },
            },
          ],
        },
        TAKE: {
          guard: 'context.total >= event.n',
          actions: [{ type: 'set', params: { total: cel('context.total - event.n') } }],
        },
        LOCK: 'locked',
        REST: 'resting',
        CLOSE: 'closed',
      },
    },
    locked: { on: { UNLOCK: 'open' } },
    resting: {
      after: { [restMs]: { target: 'open', actions: [{ type: 'set', params: { rests: cel('context.rests + 1') } }] } },
    },
    closed: { type: 'final' },
  },
} as const;

/** One thing that is asked of a tally. */
export type Ask =
  | { readonly type: 'ADD' | 'TAKE'; readonly n: number }
  | { readonly type: 'LOCK' | 'UNLOCK' | 'REST' | 'CLOSE' };

/** What a tally has to be. `waiting`: additions it will take when it is open. */
export interface Expected {
  readonly state: 'open' | 'locked' | 'resting' | 'closed';
  readonly total: number;
  /** What was added, in order. */
  readonly added: readonly number[];
  readonly rests: number;
  readonly waiting: readonly number[];
}

/** A tally that was just made. */
export const fresh: Expected = { state: 'open', total: 0, added: [], rests: 0, waiting: [] };

const opened = (tallied: Expected): Expected => ({
  ...tallied,
  state: 'open',
  total: tallied.total + tallied.waiting.reduce((sum, n) => sum + n, 0),
  added: [...tallied.added, ...tallied.waiting],
  waiting: [],
});

/** A tally whose rest is over. */
export const rested = (tallied: Expected): Expected => opened({ ...tallied, rests: tallied.rests + 1 });

/** What an ask makes of a tally; null where it must be refused. */
export function after(tallied: Expected, ask: Ask): Expected | null {
  const { state, total, waiting } = tallied;
  if (ask.type === 'ADD') {
    if (state === 'closed') {
      return null;
    }
    const kept = { ...tallied, waiting: [...waiting, ask.n] };
    return state === 'open' ? opened(kept) : kept;
  }
  if (ask.type === 'UNLOCK') {
    return state === 'locked' ? opened(tallied) : null;
  }
  if (state !== 'open') {
    return null;
  }
  if (ask.type === 'TAKE') {
    return total >= ask.n ? { ...tallied, total: total - ask.n } : null;
  }
  return { ...tallied, state: ({ LOCK: 'locked', REST: 'resting', CLOSE: 'closed' } as const)[ask.type] };
}

const n = fc.integer({ min: 1, max: 9 });
const ask: fc.Arbitrary<Ask> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('ADD' as const), n }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('TAKE' as const), n }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('LOCK' as const, 'UNLOCK' as const) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'REST' as const }) },
);

/** Programs for so many tallies: each ends open and then closed, so that nothing waits any more. */
export function programs(tallies: number, length: number): fc.Arbitrary<Ask[][]> {
  const one = fc.array(ask, { minLength: length, maxLength: length });
  return fc.array(
    one.map((asks) => [...asks, { type: 'UNLOCK' as const }, { type: 'CLOSE' as const }]),
    { minLength: tallies, maxLength: tallies },
  );
}
