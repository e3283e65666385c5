// A command of the tests' own, which adds to tallies or fails in one of the ways a command can fail, and runs of it over
// real owners' committers. For the property tests of test/integration/commands.
import fc from 'fast-check';
import mongoose, { mongo } from 'mongoose';
import { z } from 'zod';
import { buildRegistry } from '#src/app.ts';
import { pools } from '#config/pools.ts';
import { Committer } from '#src/platform/commands/committer.ts';
import { defineCommand, insert, put } from '#src/platform/commands/command.ts';
import { Tenure } from '#src/platform/commands/tenure.ts';
import { DeadLetters, shardFor, Work, type WorkRow } from '#src/platform/commands/work.ts';
import { problems } from '#src/platform/errors.ts';
import { Events } from '#src/platform/events/event.ts';
import { FeedOutbox } from '#src/platform/events/outbox.ts';
import { canonicalJson, newId, sha256 } from '#src/platform/ids.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { createRegistry } from '#src/platform/registry.ts';

interface Tally {
  readonly _id: string;
  readonly sum: number;
  readonly steps: number;
  readonly rev: number;
}

interface Step {
  readonly _id: string;
  readonly sum: number;
}

export const Tallies = defineCollection<Tally>('test_tallies', { sum: Number, steps: Number, rev: Number }, [], {
  kept: true,
});
const Steps = defineCollection<Step>('test_steps', { sum: Number });

const act = z.strictObject({
  who: z.string(),
  amount: z.int(),
  how: z.enum(['good', 'refused', 'throws', 'duplicate', 'oversized', 'invisible', 'slow']),
});
export type Act = z.output<typeof act>;

/** Adds to somebody's tally, or fails in one of the ways a command can fail. */
const tally = defineCommand<Act>({
  kind: 'gamification.test.tally',
  pool: 'gamification',
  input: act,
  key: (input) => `user.${input.who}`,
  load: async (commands, reader) => {
    if (commands.length > 2 && commands.some(({ input }) => input.how === 'slow')) {
      throw new mongo.MongoServerError({ message: 'operation exceeded time limit', code: 50 });
    }
    await reader.read(
      Tallies,
      commands.map(({ input }) => input.who),
    );
    await reader.read(
      Steps,
      commands.map(({ origin }) => origin),
    );
  },
  decide: (state, command) => {
    const { who, amount, how } = command.input;
    if (state.get(Steps, command.origin)) {
      return { result: { replayed: true }, replayed: true };
    }
    if (how === 'refused') {
      return problems.forbidden('Not today');
    }
    if (how === 'throws') {
      throw new Error('Poison');
    }
    if (how === 'invisible') {
      // A document that nobody loaded: a programming error, found at once.
      state.get(Tallies, 'nobody-loaded-this');
    }
    const before = state.get(Tallies, who) ?? { _id: who, sum: 0, steps: 0, rev: 0 };
    const after = { _id: who, sum: before.sum + amount, steps: before.steps + 1, rev: before.rev + 1 };
    // What decide cannot see: an id that MongoDB holds already, or a document that it will not take.
    const step = how === 'duplicate' ? 'taken' : command.origin;
    const padding = how === 'oversized' ? { text: 'x'.repeat(17 * 1024 * 1024) } : {};
    return {
      writes: [put(Tallies, after), insert(Steps, { _id: step, sum: after.sum, ...padding } as Step)],
      events: [{ type: 'test.tallied', subject: `user.${who}`, audience: [`user.${who}`], data: { sum: after.sum } }],
      result: { sum: after.sum, steps: after.steps },
    };
  },
});

export const registry = createRegistry([...buildRegistry().services, { name: 'test', commands: [tally] }]);

export function rowsOf(acts: readonly Act[]): WorkRow[] {
  const now = new Date();
  return acts.map((input, index) => ({
    _id: newId(),
    shard: shardFor('gamification', `user.${input.who}`),
    kind: tally.kind,
    key: `user.${input.who}`,
    input,
    actor: 'somebody',
    idempotencyKey: `key-${index}`,
    requestHash: sha256(canonicalJson(input)),
    state: 'new',
    attempts: 0,
    notBefore: now,
    requestId: `request-${index}`,
    acceptedAt: now,
  }));
}

export async function clean(): Promise<void> {
  await Promise.all(
    [Work, DeadLetters, Events, FeedOutbox, Tallies, Steps].map(
      async ({ name }) => await mongoose.connection.collection(name).deleteMany({}),
    ),
  );
  await Steps.native().insertOne({ _id: 'taken', sum: 0 });
}

/** Everything a run left behind, without times. */
export async function remains() {
  const work = await Work.native()
    .find({}, { sort: { _id: 1 } })
    .toArray();
  const dead = await DeadLetters.native()
    .find({}, { sort: { _id: 1 } })
    .toArray();
  const events = await Events.native()
    .find({}, { sort: { _id: 1 } })
    .toArray();
  const outbox = await FeedOutbox.native().find({}).toArray();
  return {
    work: work.map(({ _id, state, result, problem, attempts }) => ({ _id, state, result, problem, attempts })),
    dead: dead.map(({ _id, attempts }) => ({ _id, attempts })),
    events: events.map(({ _id, data }) => {
      const pending = outbox.flatMap(({ shard, events: ids }) => ids.filter((id) => id === _id).map(() => shard));
      return { _id, data, pending };
    }),
    tallies: await Tallies.native()
      .find({}, { sort: { _id: 1 } })
      .toArray(),
    steps: await Steps.native()
      .find({}, { sort: { _id: 1 } })
      .toArray(),
  };
}

/** Runs rows in the given batches, some of them delivered twice, until nothing is left to be done. */
export async function run(
  rows: readonly WorkRow[],
  sizes: readonly number[],
  again: readonly boolean[],
): Promise<Awaited<ReturnType<typeof remains>>> {
  await clean();
  await Work.native().insertMany(rows.map((row) => ({ ...row })));
  const committer = new Committer(registry, 'gamification', () => undefined);
  const tenure = await Tenure.begin('gamification');
  let start = 0;
  for (let batch = 0; start < rows.length; batch += 1) {
    const size = sizes[batch % sizes.length] ?? 1;
    const part = rows.slice(start, start + size);
    await committer.commit(tenure, part);
    if (again[batch % again.length]) {
      // As an owner does it: it looks what is still to be done.
      const ids = part.map(({ _id }) => _id);
      await committer.commit(
        tenure,
        await Work.native()
          .find({ _id: { $in: ids }, state: 'new' })
          .toArray(),
      );
    }
    start += size;
  }
  for (let round = 0; round < pools.gamification.maxAttempts; round += 1) {
    await committer.commit(
      tenure,
      await Work.native()
        .find({ state: 'new' }, { sort: { _id: 1 } })
        .toArray(),
    );
  }
  await tenure.end();
  return await remains();
}

/** How a row comes to its owner: as most rows do, or handed over, with or without its caller writing it meanwhile. */
export type Way = 'written' | 'handed' | 'handed and written' | 'handed twice';

/** Runs rows in the given batches, each on its way, as callers and owner do it; what was never written is written last. */
export async function runHanded(
  rows: readonly WorkRow[],
  sizes: readonly number[],
  ways: readonly Way[],
): Promise<ReturnType<typeof ends>> {
  await clean();
  const wayOf = (row: WorkRow): Way => ways[rows.indexOf(row) % ways.length] ?? 'written';
  const first = rows.filter((row) => wayOf(row) === 'written' || wayOf(row) === 'handed and written');
  if (first.length > 0) {
    await Work.native().insertMany(first.map((row) => ({ ...row })));
  }
  const committer = new Committer(registry, 'gamification', () => undefined);
  const tenure = await Tenure.begin('gamification');
  let start = 0;
  for (let batch = 0; start < rows.length; batch += 1) {
    const part = rows.slice(start, start + (sizes[batch % sizes.length] ?? 1));
    const handed = part.filter((row) => wayOf(row) !== 'written');
    await committer.commit(tenure, part, new Set(handed.map(({ _id }) => _id)));
    const again = handed.filter((row) => wayOf(row) === 'handed twice');
    await committer.commit(tenure, again, new Set(again.map(({ _id }) => _id)));
    start += part.length;
  }
  for (let round = 0; round < pools.gamification.maxAttempts; round += 1) {
    await committer.commit(
      tenure,
      await Work.native()
        .find({ state: 'new' }, { sort: { _id: 1 } })
        .toArray(),
    );
  }
  await tenure.end();
  return ends(await remains());
}

/** What must be the same whatever way rows came: a row that is left to its caller is done after later ones. */
export function ends({ work, dead, tallies, events }: Awaited<ReturnType<typeof remains>>) {
  return {
    rows: work.map(({ _id, state, attempts }) => ({ _id, state, attempts })),
    dead,
    tallies,
    told: events.length,
  };
}

export const someAct = fc.record({
  who: fc.constantFrom('ada', 'bob', 'cleo'),
  amount: fc.integer({ min: 1, max: 9 }),
  how: fc.oneof(
    { weight: 12, arbitrary: fc.constant('good' as const) },
    { weight: 2, arbitrary: fc.constantFrom('refused' as const, 'throws' as const, 'invisible' as const) },
    { weight: 1, arbitrary: fc.constant('duplicate' as const) },
  ),
});
