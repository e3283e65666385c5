// From commands to rows: what a plan holds, without a database.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { defineCommand, insert } from '#src/platform/commands/command.ts';
import { Overlay } from '#src/platform/commands/overlay.ts';
import { commandFrom, decideAll, type Plan } from '#src/platform/commands/plan.ts';
import type { WorkRow } from '#src/platform/commands/work.ts';
import { outboxRows, unplaced } from '#src/platform/events/outbox.ts';
import { newId } from '#src/platform/ids.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { createRegistry } from '#src/platform/registry.ts';

const Notes = defineCollection<{ _id: string }>('test_notes', {});

const thank = defineCommand({
  kind: 'test.thanks.give',
  pool: 'gamification',
  input: z.strictObject({ from: z.string(), to: z.string() }),
  key: ({ from }) => `user.${from}`,
  load: async () => await Promise.resolve(),
  decide: (_state, { input, id }) => ({
    writes:
      input.from === 'twice' ? [insert(Notes, { _id: id }), insert(Notes, { _id: id })] : [insert(Notes, { _id: id })],
    events: [{ type: 'test.thanked', subject: 'x', data: {}, audience: [`user.${input.from}`, `user.${input.to}`] }],
    result: null,
  }),
});

const registry = createRegistry([
  {
    name: 'test',
    commands: [thank],
    subscriptions: [
      {
        on: 'test.thanked',
        react: ({ subject }) => [1, 2].map((nth) => ({ kind: thank.kind, input: { from: subject, to: String(nth) } })),
      },
    ],
  },
]);

function rowOf(input: { from: string; to: string }): WorkRow {
  return {
    _id: newId(),
    shard: 'gamification.0',
    kind: thank.kind,
    key: 'user.x',
    input,
    actor: 'somebody',
    requestHash: '',
    state: 'new',
    attempts: 0,
    notBefore: new Date(0),
    requestId: 'request',
    acceptedAt: new Date(),
  };
}

function planOf(input: { from: string; to: string }): Plan {
  const row = rowOf(input);
  return decideAll(registry, new Overlay(), new Map([[row, commandFrom(registry, row)]]), new Date());
}

describe('decideAll', () => {
  it('leaves what it has no time for, but decides one at least', () => {
    const rows = ['ada', 'bob', 'eve'].map((from) => rowOf({ from, to: 'x' }));
    const commands = new Map(rows.map((row) => [row, commandFrom(registry, row)]));
    const decided = (patienceMs: number): string[] =>
      decideAll(registry, new Overlay(), commands, new Date(), patienceMs).settlements.map(({ row }) => row._id);
    assert.deepEqual(
      decided(60_000),
      rows.map(({ _id }) => _id),
    );
    assert.deepEqual(decided(-1), [rows[0]?._id]);
  });

  it('gives an event one place in a feed, for whoever thanks themself too', () => {
    const [event] = planOf({ from: 'ada', to: 'ada' }).events;
    assert.deepEqual(event?.audience, ['user.ada']);
    assert.deepEqual(
      outboxRows([unplaced(event)]).map(({ events }) => events),
      [[event._id]],
    );
  });

  it('makes each reaction a row of its own under the request, with a cause that cannot come twice', () => {
    const { work, events } = planOf({ from: 'ada', to: 'bob' });
    assert.deepEqual(
      work.map(({ idempotencyKey }) => idempotencyKey),
      [0, 1].map((nth) => `e.${events[0]?._id}.${nth}`),
    );
    assert.deepEqual(
      [...new Set(work.map(({ actor, requestId, state }) => `${actor} ${requestId} ${state}`))],
      ['system request new'],
    );
  });

  it('leaves nothing of a command whose writes contradict each other', () => {
    const plan = planOf({ from: 'twice', to: 'bob' });
    assert.deepEqual([plan.failures.length, plan.writes.length, plan.events.length, plan.work.length], [1, 0, 0, 0]);
  });
});
