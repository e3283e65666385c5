// Random charts: the kernel, with its state as JSON between events, comes to what a living actor of XState comes to.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { assign, cancel, createActor, createMachine, raise, SimulatedClock, type AnyStateMachine } from 'xstate';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { toJson } from '#src/platform/machines/json.ts';
import { start } from '#src/platform/machines/kit/run.ts';
import { define } from './charts.ts';

const types = ['A', 'B', 'C'] as const;
/** Two regions, one of them with states inside a state and a history, and a state besides. */
const ids = ['p', 'a1', 'a2', 'b1', 'b2', 'b2x', 'b2y', 'rest'] as const;
const moments = [1, 4, 9] as const;

const action = fc.oneof(
  fc.constant({ kind: 'count' as const }),
  fc.record({ kind: fc.constant('raise' as const), type: fc.constantFrom('X', 'Y') }),
  fc.record({
    kind: fc.constant('later' as const),
    type: fc.constantFrom(...types),
    delay: fc.constantFrom(...moments),
  }),
  fc.record({ kind: fc.constant('cancel' as const), type: fc.constantFrom(...types) }),
);
const actions = fc.array(action, { maxLength: 2 });
const move = fc.record({
  target: fc.option(fc.constantFrom(...ids, 'bh'), { nil: undefined }),
  reenter: fc.boolean(),
  even: fc.boolean(),
  actions,
});
const node = fc.record({
  entry: actions,
  exit: actions,
  on: fc.dictionary(fc.constantFrom(...types, 'X', 'Y', '*'), move, { maxKeys: 3 }),
  after: fc.dictionary(fc.constantFrom('2', '7'), move, { maxKeys: 1 }),
});
const happening = fc.oneof(fc.constantFrom(...types), fc.integer({ min: 1, max: 12 }));

type Of<Value> = Value extends fc.Arbitrary<infer One> ? One : never;
interface Seen {
  readonly context: { readonly count: number };
}

function actionsOf(written: readonly Of<typeof action>[]): unknown[] {
  return written.flatMap((one): unknown[] => {
    switch (one.kind) {
      case 'count':
        return [assign({ count: ({ context }: Seen) => context.count + 1 })];
      case 'raise':
        return [raise({ type: one.type })];
      case 'later':
        // A living actor would keep the older timer of this name, too; a row of ours is replaced.
        return [cancel(one.type), raise({ type: one.type }, { id: one.type, delay: one.delay })];
      case 'cancel':
        return [cancel(one.type)];
    }
  });
}

function moveOf({ target, reenter, even, actions: written }: Of<typeof move>): object {
  return {
    ...(target === undefined ? {} : { target: `#${target}`, reenter }),
    ...(even ? { guard: ({ context }: Seen) => context.count % 2 === 0 } : {}),
    actions: actionsOf(written),
  };
}

function chartOf(nodes: Readonly<Record<(typeof ids)[number], Of<typeof node>>>): AnyStateMachine {
  const state = (id: (typeof ids)[number], inner: object = {}): object => {
    const { entry, exit, on, after } = nodes[id];
    const moves = (table: Record<string, Of<typeof move>>): object =>
      Object.fromEntries(Object.entries(table).map(([name, one]) => [name, moveOf(one)]));
    return { id, entry: actionsOf(entry), exit: actionsOf(exit), on: moves(on), after: moves(after), ...inner };
  };
  const deep = state('b2', { initial: 'x', states: { x: state('b2x'), y: state('b2y') } });
  const history = { id: 'bh', type: 'history', history: 'deep', target: '#b1' };
  return createMachine({
    id: 'random',
    context: { count: 0 },
    initial: 'p',
    options: { maxIterations: 60 },
    states: {
      p: state('p', {
        type: 'parallel',
        states: {
          a: { initial: 'a1', states: { a1: state('a1'), a2: state('a2') } },
          b: { initial: 'b1', states: { b1: state('b1'), b2: deep, bh: history } },
        },
      }),
      rest: state('rest'),
    },
  } as never) as unknown as AnyStateMachine;
}

/** What both come to after each happening; null from where the chart goes round in circles. */
function story(
  happenings: readonly Of<typeof happening>[],
  now: () => unknown,
  take: (one: string | null) => void,
): unknown[] {
  const seen = [now()];
  for (const one of happenings) {
    if (typeof one === 'string') {
      take(one);
    } else {
      Array.from({ length: one }, () => take(null));
    }
    seen.push(now());
  }
  return seen;
}

function living(machine: AnyStateMachine, happenings: readonly Of<typeof happening>[]): unknown[] {
  const clock = new SimulatedClock();
  const actor = createActor(machine, { clock });
  actor.subscribe({ error: () => undefined });
  actor.start();
  const now = (): unknown => {
    const { status, value, context } = actor.getSnapshot() as { status: string; value: unknown; context: unknown };
    return status === 'error' ? null : [value, toJson(context, 'The context')];
  };
  return story(happenings, now, (type) => (type === null ? clock.increment(1) : actor.send({ type })));
}

function ours(machine: AnyStateMachine, happenings: readonly Of<typeof happening>[]): unknown[] {
  let failed = false;
  const unless = <Result>(body: () => Result): Result | null => {
    try {
      return failed ? null : body();
    } catch (error) {
      assert.ok(error instanceof MachineFault, String(error));
      failed = true;
      return null;
    }
  };
  const run = unless(() => start(define(machine, types)));
  const now = (): unknown => (failed || run === null ? null : [run.state, run.context]);
  return story(happenings, now, (type) => unless(() => (type === null ? run?.advance(1) : run?.offer({ type }))));
}

describe('random charts', () => {
  it('come to the same in the kernel and in a living actor', () => {
    const charts = fc.record(
      Object.fromEntries(ids.map((id) => [id, node])) as Record<(typeof ids)[number], typeof node>,
    );
    fc.assert(
      fc.property(charts, fc.array(happening, { maxLength: 12 }), (nodes, happenings) => {
        assert.deepEqual(ours(chartOf(nodes), happenings), living(chartOf(nodes), happenings));
      }),
      { numRuns: 300 },
    );
  }).timeout(20_000);
});
