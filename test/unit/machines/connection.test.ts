// The chart of a pair: every act of each of the two in every state, and what a block does to it.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { connection } from '#machines/connection.machine.ts';
import { everyStep } from '#src/platform/machines/kit/paths.ts';
import { newPair, type Connection } from '#src/services/user/connections/connections.model.ts';
import { moved, type ConnectionAct } from '#src/services/user/connections/connections.workflow.ts';
import { holdsTo } from '../../support/ways.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const acts: readonly ConnectionAct[] = ['ASK', 'ACCEPT', 'DECLINE', 'WITHDRAW', 'REMOVE', 'BLOCK', 'UNBLOCK'];

function after(...steps: readonly (readonly [ConnectionAct, 'a' | 'b'])[]): Connection {
  return steps.reduce<Connection>(
    (pair, [act, by]) => moved(pair, act, by, now) ?? assert.fail(`${act} by ${by} was not taken in ${pair.state}`),
    newPair('a', 'b', now),
  );
}

const shown = (pair: Connection | null): string =>
  pair === null ? '-' : `${pair.state}${pair.blockedBy.map((id) => ` !${id}`).join('')}`;

describe('connection', () => {
  const pending = after(['ASK', 'a']);
  const connected = after(['ASK', 'a'], ['ACCEPT', 'b']);
  // what a and what b comes to by each act, in the order of `acts`; `!a` is a block placed by a
  const asks = ['pending', '-', '-', '-', '-'];
  const none = ['none !a', '-'];
  const table: readonly [string, Connection, string[], string[]][] = [
    ['none', newPair('a', 'b', now), [...asks, ...none], [...asks, 'none !b', '-']],
    [
      'pending',
      pending,
      ['-', '-', '-', 'withdrawn', '-', 'withdrawn !a', '-'],
      ['connected', 'connected', 'declined', '-', '-', 'withdrawn !b', '-'],
    ],
    [
      'connected',
      connected,
      ['-', '-', '-', '-', 'removed', 'removed !a', '-'],
      ['-', '-', '-', '-', 'removed', 'removed !b', '-'],
    ],
    ['declined', after(['ASK', 'a'], ['DECLINE', 'b']), [...asks, 'declined !a', '-'], [...asks, 'declined !b', '-']],
    [
      'withdrawn',
      after(['ASK', 'a'], ['WITHDRAW', 'a']),
      [...asks, 'withdrawn !a', '-'],
      [...asks, 'withdrawn !b', '-'],
    ],
    [
      'removed',
      after(['ASK', 'a'], ['ASK', 'b'], ['REMOVE', 'b']),
      [...asks, 'removed !a', '-'],
      [...asks, 'removed !b', '-'],
    ],
    [
      'blocked by a',
      after(['ASK', 'a'], ['ACCEPT', 'b'], ['BLOCK', 'a']),
      ['-', '-', '-', '-', '-', '-', 'removed'],
      ['-', '-', '-', '-', '-', 'removed !a !b', '-'],
    ],
  ];

  for (const [name, pair, byA, byB] of table) {
    for (const [by, expected] of [
      ['a', byA],
      ['b', byB],
    ] as const) {
      it(`takes from ${by} in ${name} what the chart says`, () => {
        assert.deepEqual(
          acts.map((act) => shown(moved(pair, act, by, now))),
          expected,
        );
      });
    }
  }

  it('keeps who asked last and whom, and counts revisions', () => {
    assert.deepEqual([pending.requester, pending.addressee, pending.rev], ['a', 'b', 1]);
    const again = moved(after(['ASK', 'a'], ['DECLINE', 'b']), 'ASK', 'b', now);
    assert.deepEqual([again?.requester, again?.addressee, again?.rev], ['b', 'a', 3]);
  });

  it('stands where the chart says on every way there is', () => {
    const by = [{ by: 'a' }, { by: 'b' }];
    const payloads = Object.fromEntries(acts.map((act) => [act, by]));
    const ways = everyStep(connection, { payloads });
    holdsTo(connection, ways, { payloads });
    // And the service, which keeps the state in a document of its own, with it.
    for (const { name, steps } of ways.paths) {
      let pair = newPair('a', 'b', now);
      for (const { cause, state, context } of steps) {
        assert.ok(cause.kind === 'event');
        const { type, by: who } = cause.event;
        pair = moved(pair, type as ConnectionAct, who as string, now) ?? assert.fail(`${name} was not taken`);
        assert.deepEqual(
          [pair.state, [...pair.blockedBy]],
          [state, (context as { blockedBy: string[] }).blockedBy],
          name,
        );
      }
    }
  });
});
