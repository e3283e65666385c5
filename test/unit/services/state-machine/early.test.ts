// Events that come before there is a transition for them: kept, and taken in the order they came as soon as may be.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { assign } from 'xstate';
import { advance } from '#src/platform/machines/instance.ts';
import { verifyChain, type MachineInstance } from '#src/platform/machines/store.ts';
import { compileRule, fromJson, stepsTaken } from '#src/platform/rules/cel.ts';
import { tryKind, type TryInput } from '#src/services/state-machine/early/early.schema.ts';
import { deferred, earlyPolicy, mostDeferred } from '#src/services/state-machine/early/early.workflow.ts';
import { chart, now, Story } from './stories.ts';

/** A way of four steps; each event is taken at one of them alone. */
const way = chart({
  id: 'way',
  context: { seen: [] },
  initial: 'a',
  states: {
    a: { on: { A: 'b' } },
    b: { on: { B: 'c' } },
    c: { on: { C: 'd' } },
    d: { on: { D: 'e' }, after: { 1000: 'a' } },
    e: { type: 'final' },
  },
});
/** Counts what it is sent, once it is open. */
const counting = chart({
  id: 'counting',
  context: { sum: 0 },
  initial: 'closed',
  states: {
    closed: { on: { OPEN: 'open' } },
    open: {
      on: {
        ADD: {
          actions: assign({
            sum: ({ context, event }: { context: { sum: number }; event: { n?: number } }) =>
              context.sum + (event.n ?? 0),
          } as never),
        },
        BAD: {
          guard: () => {
            throw new Error('It cannot be judged');
          },
          target: 'closed',
        },
      },
    },
  },
});

/** Sends an event as the command does where the definition defers: taken, or kept. */
function arrive(story: Story, type: string, more: Record<string, number> = {}): void {
  const cause = { eventId: `w.${type}.${JSON.stringify(more)}.${Math.random()}`, actor: 'u1', requestId: 'r1', now };
  const taken = advance(story.definition, story.instance, { type, ...more }, cause);
  if (taken.accepted) {
    story.take(() => taken);
  } else {
    story.instance = deferred(story.instance, { type, ...more }, cause) ?? assert.fail('too many');
  }
}

describe('events that come early', () => {
  it('end in the same state in whatever order they come, where the chart does not mind', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['A', 'B', 'C', 'D'], { minLength: 4 }), (order) => {
        const story = new Story(way);
        order.forEach((type) => arrive(story, type));
        assert.deepEqual(
          [story.instance.value, story.instance.status, story.instance.mailbox ?? []],
          ['e', 'done', []],
        );
        assert.deepEqual(
          story.transitions.map(({ event }) => event.type),
          ['created', 'A', 'B', 'C', 'D'],
        );
        assert.ok(verifyChain(story.transitions));
        assert.equal(new Set(story.transitions.map(({ eventId }) => eventId)).size, 5);
        assert.deepEqual(story.instance.timers, []);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }), fc.nat(), (amounts, opensAt) => {
        const story = new Story(counting);
        const at = opensAt % (amounts.length + 1);
        amounts.slice(0, at).forEach((n) => arrive(story, 'ADD', { n }));
        story.send('OPEN');
        amounts.slice(at).forEach((n) => arrive(story, 'ADD', { n }));
        assert.deepEqual(story.instance.context, { sum: amounts.reduce((sum, n) => sum + n, 0) });
      }),
    );
  });

  it('are taken in the order they came, each as a step of its own under its own name', () => {
    const story = new Story(counting);
    [1, 2, 3].forEach((n) => arrive(story, 'ADD', { n }));
    const waiting = story.instance.mailbox ?? [];
    story.send('OPEN');
    assert.deepEqual(
      story.transitions.slice(2).map(({ event, eventId, seq }) => [event['n'], eventId, seq]),
      waiting.map(({ event, eventId }, index) => [event['n'], eventId, index + 2]),
    );
  });

  it('on which the chart fails go on waiting, and stop nobody', () => {
    const story = new Story(counting);
    arrive(story, 'BAD');
    arrive(story, 'ADD', { n: 2 });
    story.send('OPEN');
    assert.deepEqual(
      [story.instance.context, story.instance.mailbox?.map(({ event }) => event.type)],
      [{ sum: 2 }, ['BAD']],
    );
  });

  /** Goes on with what the last commit left to be tried; gives how many rows it took. */
  function goOn(story: Story): number {
    let rows = 0;
    for (let left = story.work.find(({ kind }) => kind === tryKind); left; rows += 1) {
      story.goOn((left.input as TryInput).from);
      left = story.work.find(({ kind }) => kind === tryKind);
    }
    return rows;
  }

  it('are tried so many in one commit, and the others by rows that follow: none is forgotten, each in its order', () => {
    const story = new Story(counting);
    arrive(story, 'BAD');
    const amounts = Array.from({ length: mostDeferred - 1 }, (_, index) => index + 1);
    amounts.forEach((n) => arrive(story, 'ADD', { n }));
    story.send('OPEN');
    assert.ok(story.transitions.length < 60, `${story.transitions.length} in one commit`);
    assert.ok(goOn(story) > 1);
    assert.deepEqual(
      story.transitions.slice(2).map(({ event }) => event['n']),
      amounts,
    );
    assert.deepEqual(
      story.instance.mailbox?.map(({ event }) => event.type),
      ['BAD'],
    );
  });

  it('whose guards are slow take a few of them to a commit, always as many', () => {
    const list = fromJson(Array.from({ length: 150 }, (_, index) => index));
    const judged = compileRule('list.all(a, list.all(b, a + b >= 0)) && size(list) == 0');
    const heavy = chart({
      id: 'heavy',
      context: {},
      initial: 'closed',
      states: {
        closed: { on: { OPEN: 'open' } },
        open: { on: { X: { guard: () => judged({ list }), target: 'closed' } } },
      },
    });
    const played = [1, 2].map(() => {
      const story = new Story(heavy);
      for (let n = 0; n < 12; n += 1) {
        arrive(story, 'X', { n });
      }
      const begun = stepsTaken();
      story.send('OPEN');
      assert.ok(stepsTaken() - begun < 800_000, `${stepsTaken() - begun} steps`);
      const rows = goOn(story);
      assert.equal(story.instance.mailbox?.length, 12);
      return rows;
    });
    assert.ok(Number(played[0]) > 1);
    assert.equal(played[0], played[1]);
  });

  it('are forgotten where the machine ends before', () => {
    const story = new Story(way);
    arrive(story, 'C');
    story.cancel();
    assert.deepEqual(story.instance.mailbox, []);
  });

  it('are kept up to a bound', () => {
    const full = { mailbox: Array.from({ length: mostDeferred }, () => ({})), rev: 1 } as unknown as MachineInstance;
    assert.equal(deferred(full, { type: 'X' }, { eventId: 'x', actor: 'u1', requestId: 'r1', now }), null);
  });

  it('are treated as the event says, otherwise as the definition does; nothing waits for what has ended', () => {
    const event = { payload: null as never, from: [] };
    const story = new Story(way, { early: 'defer', events: { A: event, B: { ...event, early: 'ignore' } } });
    const policies = ['A', 'B', 'Z'].map((type) => earlyPolicy(story.definition, story.instance, type));
    assert.deepEqual(policies, ['defer', 'ignore', 'defer']);
    story.cancel();
    assert.deepEqual(
      ['A', 'B'].map((type) => earlyPolicy(story.definition, story.instance, type)),
      ['reject', 'ignore'],
    );
  });
});
