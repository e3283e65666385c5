// What effects of a machine become, and how they are undone: the newest first, one after another.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Decision } from '#src/platform/commands/command.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { AppError } from '#src/platform/errors.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { MachineInstances, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { undoEffect } from '#src/services/state-machine/effects/effects.commands.ts';
import type { UndoInput } from '#src/services/state-machine/effects/effects.schema.ts';
import '#src/services/gamification/gamification.effects.ts';
import { presentCancelled } from '#src/services/state-machine/state-machine.presenter.ts';
import { chart, now, Story } from './stories.ts';
import { World } from './world.ts';

const grant = (amount: number) => ({ type: 'grant-xp', params: { userId: 'u1', amount, reason: 'Test' } });
const granting = chart({
  id: 'order',
  on: {
    ONE: { actions: grant(1) },
    TWO: { actions: [grant(2), grant(3)] },
    UNDO: { actions: { type: 'compensate' } },
    BOTH: { actions: [grant(4), { type: 'compensate' }, grant(5)] },
  },
});
const act = (action: object): Story => new Story(chart({ id: 'order', on: { GO: { actions: action } } }));

describe('effects of a step', () => {
  it('that are registered become the row of their kind, to be found and kept where they can be undone', () => {
    const { work, instance } = new Story(granting).send('TWO');
    assert.deepEqual(
      work.map(({ kind, input, cause }) => [kind, (input as { amount: number }).amount, cause]),
      [
        ['gamification.xp.add', 2, 'e.order.k1-1-0'],
        ['gamification.xp.add', 3, 'e.order.k1-1-1'],
      ],
    );
    assert.deepEqual(
      instance.undo?.map(({ work: id, name, params }) => [id, name, (params as { amount: number }).amount]),
      work.map(({ id, input }) => [id, 'grant-xp', (input as { amount: number }).amount]),
    );
    assert.ok(work.every(({ keepMs = 0 }) => keepMs > 365 * 86_400_000));
  });

  it('that are kept to be undone are the newest hundred', () => {
    const story = new Story(granting);
    for (let step = 0; step < 102; step += 1) {
      story.send('ONE');
    }
    assert.equal(story.instance.undo?.length, 100);
    assert.equal(story.instance.undo.at(-1)?.work, story.work[0]?.id);
  });

  it('put off a start or an event to a time within a year', () => {
    const at = '2026-02-01T00:00:00.000Z';
    const of = (params: object) =>
      act({ type: 'schedule', params: { type: 'lamp', id: 'l1', at, ...params } }).send('GO');
    const [signal] = of({ event: { type: 'LIGHT' } }).work;
    assert.deepEqual(signal, {
      kind: 'state-machine.event.send',
      input: { type: 'lamp', id: 'l1', event: { type: 'LIGHT' } },
      notBefore: new Date(at),
      cause: 'e.order.k1-1-0',
    });
    const [start] = of({ input: { lumens: 5 } }).work;
    assert.deepEqual(
      [start?.kind, start?.input],
      ['state-machine.instance.create', { type: 'lamp', id: 'l1', input: { lumens: 5 } }],
    );
    assert.deepEqual(of({}).work[0]?.input, { type: 'lamp', id: 'l1' });
    assert.throws(() => of({ at: '2027-06-01T00:00:00.000Z' }), MachineFault);
  });

  it('that are notes stay in the history alone', () => {
    const story = act({ type: 'log', params: { message: 'lit' } }).send('GO');
    assert.deepEqual(
      [story.work, story.transitions.at(-1)?.effects],
      [[], [{ name: 'log', params: { message: 'lit' } }]],
    );
  });

  it('fail the step where nobody does them or their params do not fit', () => {
    for (const action of [
      { type: 'unheard' },
      { type: 'grant-xp', params: { userId: 'u1', amount: -1, reason: 'x' } },
    ]) {
      assert.throws(() => act(action).send('GO'), MachineFault);
    }
  });

  it('are undone where a chart says so: those before that, once', () => {
    const story = new Story(granting).send('ONE').send('BOTH');
    assert.deepEqual(story.kinds(), ['gamification.xp.add', 'gamification.xp.add', 'state-machine.effect.undo']);
    const amounts = (list: MachineInstance['undo'] = []) =>
      list.map(({ params }) => (params as { amount: number }).amount);
    assert.deepEqual([amounts(story.instance.undoing), amounts(story.instance.undo)], [[1, 4], [5]]);
    // While some are being undone, more join them; nobody begins a second time.
    assert.deepEqual(story.send('UNDO').kinds(), []);
    assert.deepEqual([amounts(story.instance.undoing), amounts(story.instance.undo)], [[1, 4, 5], []]);
    assert.deepEqual(new Story(granting).send('UNDO').work, []);
  });
});

describe('more effects than can be undone', () => {
  it('are counted, and whoever cancels is told', () => {
    const story = new Story(granting);
    for (let n = 0; n < 103; n += 1) {
      story.send('ONE');
    }
    assert.deepEqual([story.instance.undo?.length, story.instance.undoLost], [100, 3]);
    assert.equal(presentCancelled(story.instance, story.transitions.at(-1) as Transition).notUndone, 3);
    const few = new Story(granting).send('ONE');
    assert.equal('undoLost' in few.instance, false);
    assert.equal('notUndone' in presentCancelled(few.instance, few.transitions.at(-1) as Transition), false);
  });
});

describe('undoing', () => {
  /** A world in which the effects of an instance came to these states, and are to be undone. */
  function undoing(...states: readonly ('new' | 'done' | 'refused' | 'dead')[]): World {
    const story = new Story(granting);
    states.forEach(() => story.send('ONE'));
    story.send('UNDO');
    const world = new World();
    world.now = now;
    world.put(MachineInstances, story.instance);
    story.instance.undoing?.forEach(({ work }, index) =>
      world.put(Work, { _id: work, state: states[index], result: {} } as never),
    );
    return world;
  }
  const instanceOf = (world: World): MachineInstance =>
    world.get<MachineInstance>(MachineInstances, 'order.k1') as MachineInstance;
  const ids = (world: World): string[] => (instanceOf(world).undoing ?? []).map(({ work }) => work);
  const step = (world: World, input: Partial<UndoInput> = {}): Decision =>
    world.do(undoEffect, { instance: 'order.k1', output: null, ...input } as UndoInput, { actor: 'system' });
  const outcome = ({ result }: Decision): unknown => (result as { outcome: string }).outcome;

  it('goes from the newest to the oldest, each after the end of the one before', () => {
    const world = undoing('done', 'done');
    const [older, newer] = ids(world);
    const first = step(world);
    assert.deepEqual(
      first.work?.map(({ kind, input, cause, tell }) => [kind, input, cause, tell]),
      [
        [
          'gamification.xp.add',
          { userId: 'u1', amount: -1, reason: 'Undone: Test', mayCorrect: true },
          `u.${newer}`,
          { kind: 'state-machine.effect.undo', input: { instance: 'order.k1', undone: newer } },
        ],
      ],
    );
    assert.equal(outcome(first), 'undoing');
    const second = step(world, { undone: newer, outcome: 'done' });
    assert.deepEqual([second.work?.[0]?.cause, ids(world)], [`u.${older}`, [older]]);
    const last = step(world, { undone: older, outcome: 'done' });
    assert.deepEqual([outcome(last), last.work, ids(world)], ['undone', undefined, []]);
    assert.equal(outcome(step(world, { undone: older, outcome: 'done' })), 'stale');
  });

  it('keeps what gave up, and undoes it too where it happens by a redrive', () => {
    const world = undoing('done', 'dead', 'done');
    const [oldest, gaveUp, newest] = ids(world) as [string, string, string];
    assert.equal(step(world).work?.[0]?.cause, `u.${newest}`);
    const second = step(world, { undone: newest, outcome: 'done' });
    assert.deepEqual([second.work?.[0]?.cause, ids(world)], [`u.${oldest}`, [oldest, gaveUp]]);
    const third = step(world, { undone: oldest, outcome: 'done' });
    assert.deepEqual([outcome(third), ids(world)], ['waiting', [gaveUp]]);
    assert.deepEqual(third.work?.[0]?.input, { instance: 'order.k1', looks: 1 });
    world.put(Work, { _id: gaveUp, state: 'done', result: {} } as never);
    const last = step(world, { looks: 1 });
    assert.deepEqual([outcome(last), last.work?.[0]?.cause], ['undoing', `u.${gaveUp}`]);
    assert.equal(outcome(step(world, { undone: gaveUp, outcome: 'done' })), 'undone');
  });

  it('passes over what never happened, and waits for what is under way', () => {
    const world = undoing('done', 'refused', 'new', 'dead');
    const before = ids(world);
    const waits = step(world);
    assert.deepEqual([outcome(waits), ids(world)], ['waiting', before]);
    assert.deepEqual(waits.work?.[0], {
      kind: 'state-machine.effect.undo',
      input: { instance: 'order.k1', looks: 1 },
      cause: `u.${before[2]}.l1`,
      notBefore: new Date(now.getTime() + 1_000),
    });
    assert.equal(step(world, { looks: 20 }).work?.[0]?.notBefore?.getTime(), now.getTime() + 600_000);
    world.put(Work, { _id: before[2] ?? '', state: 'refused' } as never);
    assert.equal(step(world, { looks: 1 }).work?.[0]?.cause, `u.${before[0]}`);
  });

  it('stops at what cannot be undone: a dead letter, or a no, until it is redriven', () => {
    const world = undoing('done', 'done');
    const [, newer] = ids(world);
    step(world);
    const error = { code: 'gamification.user-unknown' };
    assert.deepEqual(step(world, { undone: newer, outcome: 'dead', error }), { result: { outcome: 'blocked' } });
    assert.throws(
      () =>
        world.decide(undoEffect, {
          instance: 'order.k1',
          output: null,
          undone: newer,
          outcome: 'refused',
          error,
        } as UndoInput),
      /Undoing grant-xp of order.k1 was refused: gamification.user-unknown/u,
    );
    assert.equal(ids(world).length, 2);
    world.put(DeadLetters, { _id: 'w4', redrives: 1 } as never);
    const again = world.decide(undoEffect, {
      instance: 'order.k1',
      output: null,
      undone: newer,
      outcome: 'refused',
      error,
    } as UndoInput);
    assert.ok(!(again instanceof AppError));
    assert.equal(again.work?.[0]?.cause, `u.${newer}.w4.1`);
  });
});
