// The chart of a pair: every act of each of the two in every state, and what a block does to it.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { newPair, type Connection } from '#src/services/user/connections/connections.model.ts';
import { moved, type ConnectionAct } from '#src/services/user/connections/connections.workflow.ts';

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
});
