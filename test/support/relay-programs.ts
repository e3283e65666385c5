// Random programs for machines with children, that are cancelled, and what they must come to: as machine-programs.ts. Called
// by test/e2e.
import fc from 'fast-check';

const whole = (maximum: number) => ({ type: 'integer', minimum: 1, maximum });
const only = (properties: object) => ({ type: 'object', properties, required: Object.keys(properties) });
const cel = (source: string) => ({ $cel: source });
const set = (params: object) => ({ type: 'set', params });
const operators = { from: ['operator'] };
const userId = { type: 'string', maxLength: 64 };
const access = { create: ['operator'], read: ['operator'] };

/** A stint of a relay: over when as many steps are made as it was begun with. Each step earns XP. */
export const stint = {
  initial: 'going',
  input: only({ userId, life: whole(1_000), wanted: whole(9) }),
  context: {
    userId: cel('input.userId'),
    life: cel('input.life'),
    wanted: cel('input.wanted'),
    steps: 0,
    sum: 0,
  },
  access,
  events: { STEP: { payload: only({ n: whole(9) }), ...operators } },
  states: {
    going: {
      on: {
        STEP: {
          actions: [
            set({ steps: cel('context.steps + 1'), sum: cel('context.sum + event.n') }),
            {
              type: 'grant-xp',
              params: {
                userId: cel('context.userId'),
                amount: cel('event.n'),
                reason: cel("'step ' + string(context.life) + '.' + string(context.steps)"),
              },
            },
          ],
        },
      },
      always: { target: 'over', guard: 'context.steps >= context.wanted' },
      after: { PT1H: 'late' },
    },
    over: { type: 'final' },
    late: { type: 'final' },
  },
  output: { sum: cel('context.sum') },
} as const;

/** A relay of one person: one stint after another; one that was run to its end earns what its steps did once more. */
export const relay = {
  initial: 'idle',
  input: only({ userId }),
  context: { userId: cel('input.userId'), starts: 0, laps: 0, failed: 0, wanted: 0 },
  access,
  events: { START: { payload: only({ n: whole(9) }), ...operators }, ABORT: operators, CLOSE: operators },
  states: {
    idle: {
      on: {
        START: {
          target: 'running',
          actions: set({ starts: cel('context.starts + 1'), wanted: cel('event.n') }),
        },
        CLOSE: 'closed',
      },
    },
    running: {
      invoke: {
        id: 'leg',
        src: 'stint',
        input: { userId: cel('context.userId'), life: cel('context.starts'), wanted: cel('context.wanted') },
        onDone: {
          target: 'idle',
          actions: [
            set({ laps: cel('context.laps + 1') }),
            {
              type: 'grant-xp',
              params: {
                userId: cel('context.userId'),
                amount: cel('event.output.sum'),
                reason: cel("'lap ' + string(context.laps)"),
              },
            },
          ],
        },
        onError: { target: 'idle', actions: set({ failed: cel('context.failed + 1') }) },
      },
      on: { ABORT: 'idle' },
    },
    closed: { type: 'final' },
  },
} as const;

/** One thing that is asked: `STEP` and `QUIT`, which cancels it, of the newest stint; the others of the relay. */
export type RelayAsk =
  | { readonly type: 'START' | 'STEP'; readonly n: number }
  | { readonly type: 'ABORT' | 'QUIT' | 'CANCEL' | 'CLOSE' };

/** A stint: `left` by its relay, `quit` by whoever cancelled it, `stopped` with its relay. */
export interface Stint {
  readonly wanted: number;
  readonly steps: readonly number[];
  readonly end: 'none' | 'over' | 'left' | 'quit' | 'stopped';
}

/** What a relay has to be. */
export interface ExpectedRelay {
  readonly value: 'idle' | 'running' | 'closed';
  readonly cancelled: boolean;
  readonly stints: readonly Stint[];
}

/** A relay that was just made. */
export const freshRelay: ExpectedRelay = { value: 'idle', cancelled: false, stints: [] };

/** Stints that ended so. */
export function endedSo({ stints }: ExpectedRelay, end: Stint['end']): Stint[] {
  return stints.filter((one) => one.end === end);
}

function withNewest(relayed: ExpectedRelay, value: ExpectedRelay['value'], change: Partial<Stint>): ExpectedRelay {
  const changed = relayed.stints.map((one, index) =>
    index === relayed.stints.length - 1 ? { ...one, ...change } : one,
  );
  return { ...relayed, value, stints: changed };
}

/** What an ask makes of a relay; null where it must be refused. */
export function afterAsk(relayed: ExpectedRelay, ask: RelayAsk): ExpectedRelay | null {
  switch (ask.type) {
    case 'STEP':
      return stepped(relayed, ask.n);
    case 'QUIT':
      return quit(relayed);
    case 'CANCEL':
      return cancelledNow(relayed);
    case 'START':
    case 'ABORT':
    case 'CLOSE':
      return relayed.cancelled ? null : moved(relayed, ask);
  }
}

function stepped(relayed: ExpectedRelay, n: number): ExpectedRelay | null {
  const newest = relayed.stints.at(-1);
  if (newest?.end !== 'none') {
    return null;
  }
  const steps = [...newest.steps, n];
  return steps.length < newest.wanted
    ? withNewest(relayed, relayed.value, { steps })
    : withNewest(relayed, 'idle', { steps, end: 'over' });
}

/** Cancelled once more, both answer the same. */
function quit(relayed: ExpectedRelay): ExpectedRelay | null {
  const end = relayed.stints.at(-1)?.end;
  if (end === 'quit') {
    return relayed;
  }
  return end === 'none' ? withNewest(relayed, 'idle', { end: 'quit' }) : null;
}

function cancelledNow(relayed: ExpectedRelay): ExpectedRelay | null {
  const { value, cancelled, stints } = relayed;
  if (cancelled) {
    return relayed;
  }
  const left = stints.at(-1)?.end === 'none' ? withNewest(relayed, value, { end: 'stopped' }) : relayed;
  return value === 'closed' ? null : { ...left, cancelled: true };
}

function moved(relayed: ExpectedRelay, ask: RelayAsk): ExpectedRelay | null {
  if (ask.type === 'ABORT') {
    return relayed.value === 'running' ? withNewest(relayed, 'idle', { end: 'left' }) : null;
  }
  if (relayed.value !== 'idle') {
    return null;
  }
  return ask.type === 'START'
    ? { ...relayed, value: 'running', stints: [...relayed.stints, { wanted: ask.n, steps: [], end: 'none' }] }
    : { ...relayed, value: 'closed' };
}

type Grant = readonly [reason: string, amount: number];

/** The XP of each machine there is of a relay, in order: cancelled ones undo what they did, the newest first. */
export function grantsOf(relayed: ExpectedRelay): Grant[][] {
  const laps = endedSo(relayed, 'over').map(({ steps }, index): Grant => {
    return [`lap ${index + 1}`, steps.reduce((sum, n) => sum + n, 0)];
  });
  const ofStints = relayed.stints.map(({ steps, end }, life) => {
    const made = steps.map((n, index): Grant => [`step ${life + 1}.${index + 1}`, n]);
    return end === 'quit' || end === 'stopped' ? undone(made) : made;
  });
  return [relayed.cancelled ? undone(laps) : laps, ...ofStints];
}

function undone(grants: readonly Grant[]): Grant[] {
  return [...grants, ...grants.toReversed().map(([reason, amount]): Grant => [`Undone: ${reason}`, -amount])];
}

const one = <Type extends RelayAsk['type']>(type: Type) => fc.constant({ type });
const counted = <Type extends string>(type: Type, max: number) =>
  fc.record({ type: fc.constant(type), n: fc.integer({ min: 1, max }) });
const ask = fc.oneof(
  { weight: 5, arbitrary: counted('START', 4) },
  { weight: 12, arbitrary: counted('STEP', 9) },
  { weight: 2, arbitrary: one('ABORT') },
  { weight: 2, arbitrary: one('QUIT') },
) as fc.Arbitrary<RelayAsk>;

/** Programs for so many relays: each is closed at its end, or cancelled and then asked for more. */
export function relayPrograms(relays: number, length: number): fc.Arbitrary<RelayAsk[][]> {
  const asks = fc.array(ask, { minLength: length, maxLength: length });
  const end = fc.oneof(
    fc.constant<RelayAsk[]>([{ type: 'ABORT' }, { type: 'CLOSE' }, { type: 'CANCEL' }]),
    fc
      .array(ask, { minLength: 2, maxLength: 4 })
      .map((more): RelayAsk[] => [{ type: 'CANCEL' }, ...more, { type: 'CANCEL' }]),
  );
  return fc.array(
    fc.tuple(asks, end).map(([first, last]) => [...first, ...last]),
    { minLength: relays, maxLength: relays },
  );
}
