// Verification of a whole database: what is well passes, each kind of damage is named with its machine.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import mongoose from 'mongoose';
import type { Write } from '#src/platform/commands/command.ts';
import { groupBy } from '#src/platform/group-by.ts';
import { advance, create, type Advance } from '#src/platform/machines/instance.ts';
import { MachineInstances, Timers, Transitions } from '#src/platform/machines/store.ts';
import { verifyMachines } from '#src/platform/machines/verify.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { onboarding } from '#machines/onboarding.machine.ts';
import { operate, type Ended } from '../../support/operator.ts';

const cause = (eventId: string) => ({ eventId, actor: 'u1', requestId: 'r1', now: new Date() });
const nameOf = (id: string): string => `onboarding.${id}`;

async function write(writes: readonly Write[]): Promise<void> {
  for (const [into, group] of groupBy(writes, (each) => each.into)) {
    await into
      .native()
      .bulkWrite(
        group.map(({ doc }) => ({ replaceOne: { filter: { _id: doc._id }, replacement: doc, upsert: true } })),
      );
  }
}

/** A machine with three steps and two timers, one of which replaced another. */
async function made(id: string): Promise<Advance> {
  const born = create(onboarding, { id, input: {}, inputHash: '' }, cause('c.1'));
  await write(born.writes);
  let last = born;
  for (const eventId of ['c.2', 'c.3']) {
    const next = advance(onboarding, last.instance, { type: 'SNOOZE' }, cause(eventId));
    assert.ok(next.accepted);
    await write(next.writes);
    last = next;
  }
  return last;
}

async function verified() {
  const broken: [string, readonly string[]][] = [];
  let progress = 0;
  const figures = await verifyMachines({
    onBroken: ({ instance, problems }) => broken.push([instance, problems]),
    onProgress: () => (progress += 1),
  });
  return { figures, broken, progress };
}

describe('verification of machines', function () {
  this.timeout(20_000);

  before(async () => {
    await connectMongo();
  });
  beforeEach(async () => {
    await mongoose.connection.dropDatabase();
    await migrate([]);
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('passes what is well, in as many pages as it takes', async () => {
    const many = Array.from({ length: 205 }, (_, index) => ({ id: `m${index}`, input: {}, inputHash: '' }));
    await write(many.flatMap((born) => create(onboarding, born, cause('c.1')).writes));
    const { figures, broken, progress } = await verified();
    assert.deepEqual(figures, { machines: 205, steps: 205, timers: 410, broken: 0 });
    assert.deepEqual(broken, []);
    assert.equal(progress, 3);
  });

  it('passes a machine with more steps than one query reads, between others, and finds what is wrong with its last', async () => {
    await made('a');
    await made('c');
    let { instance } = await made('b');
    const steps = Array.from({ length: 2_100 }, (_, index) => {
      const next = advance(onboarding, instance, { type: 'SNOOZE' }, cause(`d.${index}`));
      assert.ok(next.accepted);
      ({ instance } = next);
      return next.transition;
    });
    await Transitions.native().insertMany(steps);
    await MachineInstances.native().replaceOne({ _id: instance._id }, { ...instance, timers: [] });
    await Timers.native().deleteMany({ instance: instance._id });
    const { figures, broken } = await verified();
    assert.deepEqual(broken, []);
    assert.equal(figures.steps, 9 + 2_100);
    await Transitions.native().updateOne({ instance: instance._id, seq: instance.seq }, { $set: { actor: 'u2' } });
    assert.match(JSON.stringify((await verified()).broken), /step 2102 was altered/u);
  });

  it('names every machine that is broken, and how', async () => {
    for (const id of ['a-well', 'altered', 'beheaded', 'cut', 'gap', 'gone', 'lost', 'moved', 'odd', 'z-well']) {
      await made(id);
    }
    const timerOf = async (id: string) =>
      (await Timers.native().findOne({ instance: nameOf(id), state: 'armed' }))?._id;
    const [lost, moved] = [await timerOf('lost'), await timerOf('moved')];
    const well = await Timers.native().findOne({ instance: nameOf('a-well') });
    const step = (id: string, seq: number) => ({ instance: nameOf(id), seq });
    await Transitions.native().updateOne(step('altered', 1), { $set: { actor: 'x' } });
    await Transitions.native().deleteOne(step('beheaded', 0));
    await Transitions.native().deleteOne(step('cut', 2));
    await Transitions.native().deleteOne(step('gap', 1));
    await MachineInstances.native().deleteOne({ _id: nameOf('gone') });
    await Timers.native().updateOne({ _id: lost ?? '' }, { $set: { state: 'fired' } });
    await Timers.native().updateOne({ _id: moved ?? '' }, { $set: { dueAt: new Date(0) } });
    await MachineInstances.native().updateOne({ _id: nameOf('odd') }, { $set: { lastHash: 'x' } });
    assert.ok(well);
    await Timers.native().insertOne({ ...well, _id: 'onboarding.z-well-9-0', instance: nameOf('z-well') });
    await Timers.native().insertOne({
      ...well,
      _id: 'onboarding.never-0-0',
      instance: nameOf('never'),
      state: 'armed',
    });
    await Timers.native().updateOne({ _id: 'onboarding.z-well-9-0' }, { $set: { state: 'armed' } });
    const { figures, broken } = await verified();
    assert.deepEqual(Object.fromEntries(broken), {
      'onboarding.altered': ['step 1 was altered or does not follow the one before'],
      'onboarding.beheaded': ['step 1 was altered or does not follow the one before'],
      'onboarding.cut': ['it stands at step 2, its steps end at 1'],
      'onboarding.gap': ['step 2 was altered or does not follow the one before'],
      'onboarding.gone': [
        'there are steps of it, but no such machine',
        'there are armed timers of it, but no such machine',
      ],
      'onboarding.lost': [`it waits for the timer ${lost}, which will not go off then`],
      'onboarding.moved': [`it waits for the timer ${moved}, which will not go off then`],
      'onboarding.odd': ['it stands at step 2 of another history'],
      'onboarding.z-well': ['the timer onboarding.z-well-9-0 is armed for nothing'],
      'onboarding.never': ['there are armed timers of it, but no such machine'],
    });
    assert.equal(figures.broken, 10);
  });

  it('is not taken in by machines that move meanwhile', async () => {
    const last = await made('busy');
    let moving = true;
    const mover = (async () => {
      let { instance } = last;
      for (let index = 0; moving; index += 1) {
        const next = advance(onboarding, instance, { type: 'SNOOZE' }, cause(`c.more.${index}`));
        assert.ok(next.accepted);
        ({ instance } = next);
        const session = mongoose.connection.getClient().startSession();
        await session.withTransaction(async () => {
          for (const { into, doc } of next.writes) {
            await into.native().replaceOne({ _id: doc._id }, doc, { upsert: true, session });
          }
        });
        await session.endSession();
      }
    })();
    for (let index = 0; index < 5; index += 1) {
      assert.deepEqual((await verified()).broken, []);
    }
    moving = false;
    await mover;
  });

  it('ends as a command with 0, or with 1 and the names of what is broken', async () => {
    const url = process.env['MONGO_URL'] ?? '';
    const run = async (database: string, ...options: string[]): Promise<Ended> =>
      await operate('machines-verify', options, { MONGO_URL: database }).ended;
    await made('m1');
    await Transitions.native().deleteOne({ instance: nameOf('m1'), seq: 1 });
    const runs = [run(url), run(withDatabase(url, `${mongoose.connection.name}-none`))];
    const [broken, well] = await Promise.all(runs);
    assert.deepEqual([broken?.code, well?.code], [1, 0]);
    assert.match(broken?.said ?? '', /onboarding\.m1: step 2 was altered or does not follow the one before/u);
    assert.match(well?.said ?? '', /All is well: 0 machines, 0 steps and 0 armed timers/u);
  });
});
