// Effects of the tests' own on a real owner: order within lanes, retries, dead letters, time-outs, what is handed over.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { z } from 'zod';
import { operations } from '#src/platform/commands/operations.ts';
import { put } from '#src/platform/commands/command.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { diedWith } from '#src/platform/commands/tenure.ts';
import { DeadLetters, Owners, Work } from '#src/platform/commands/work.ts';
import {
  defineEffect,
  RetryableError,
  TerminalError,
  type EffectDefinition,
  type Performance,
} from '#src/platform/effects/effect.ts';
import { newId } from '#src/platform/ids.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logInAdmin } from '../../support/accounts.ts';
import { ask, effectRow, reach, rowsNow } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

interface Ending {
  readonly _id: string;
  readonly state: string;
}
const Endings = defineCollection<Ending>('test_endings', { state: String });

const input = z.strictObject({
  lane: z.string(),
  note: z.string(),
  /** Times it fails before it works; `-1`: for good, at once. */
  fails: z.int(),
  /** `hangs` and `deaf` never end; deaf ones do not even heed the signal. `open` waits for the test. */
  how: z.enum(['plain', 'hangs', 'deaf', 'open', 'unsettled']).default('plain'),
});
type Probe = z.output<typeof input>;

describe('effects', function () {
  this.timeout(60_000);
  let server: TestServer;
  let owner: Owner;
  let performed: { lane: string; note: string; id: string; attempt: number }[] = [];
  let open: (() => void)[] = [];
  const busy = new Map<string, number>();
  const worst = { inLane: 0, all: 0 };

  const probe = async ({ lane, note, fails, how }: Probe, { id, attempt, signal }: Performance): Promise<object> => {
    performed.push({ lane, note, id, attempt });
    busy.set(lane, (busy.get(lane) ?? 0) + 1);
    worst.inLane = Math.max(worst.inLane, busy.get(lane) ?? 0);
    worst.all = Math.max(
      worst.all,
      [...busy.values()].reduce((sum, count) => sum + count, 0),
    );
    try {
      await delay(1);
      if (how === 'deaf') {
        await new Promise(() => undefined);
      }
      if (how === 'hangs' || how === 'open') {
        await new Promise<void>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
          if (how === 'open') {
            open.push(resolve);
          }
        });
      }
      if (fails < 0) {
        throw new TerminalError('Never');
      }
      if (attempt <= fails) {
        throw new RetryableError('Not yet');
      }
      return { note };
    } finally {
      busy.set(lane, (busy.get(lane) ?? 1) - 1);
    }
  };
  const kind = (name: string, more: Partial<EffectDefinition<Probe>> = {}): EffectDefinition =>
    defineEffect<Probe, unknown>({
      kind: `probe.${name}`,
      pool: 'effects',
      input,
      timeoutMs: 5_000,
      retry: { attempts: 3, baseMs: 4, maxMs: 20 },
      perform: probe,
      ...more,
    }) as unknown as EffectDefinition;
  const laneOf = ({ lane }: Probe): string => lane;
  const service = {
    name: 'probe',
    effects: [
      kind('skip', { lane: laneOf, onFailure: 'skip' }),
      kind('block', { lane: laneOf, onFailure: 'block' }),
      kind('free'),
      kind('short', { timeoutMs: 300, atOnce: 2, retry: { attempts: 2, baseMs: 1, maxMs: 1 } }),
      kind('settled', {
        settle: ({ state }, { id, input: { how } }) => {
          if (how === 'unsettled') {
            throw new Error('Cannot follow');
          }
          return {
            writes: [put(Endings, { _id: id, state })],
            work: [
              {
                kind: 'probe.free',
                input: { lane: 'next', note: `after ${state}`, fails: 0 },
                cause: `${id}.${state}`,
              },
            ],
          };
        },
      }),
    ],
  };

  before(async () => {
    server = await startServer([userService, authService, gamificationService, operations, service]);
    owner = effectsWorker(server.registry);
    owner.start();
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });
  beforeEach(() => {
    performed = [];
    open = [];
    busy.clear();
    Object.assign(worst, { inLane: 0, all: 0 });
  });

  const row = (name: string, probeOf: Partial<Probe> = {}) =>
    effectRow(server.registry, `probe.${name}`, { lane: newId(), note: 'one', fails: 0, ...probeOf });
  const attemptsOf = (id: string): number => performed.filter((each) => each.id === id).length;

  it('of one lane go one at a time and in order, retries included, and a dead one is skipped or blocks', async () => {
    const program = fc.array(
      fc.record({
        kind: fc.constantFrom('skip', 'block'),
        lane: fc.nat({ max: 3 }),
        fails: fc.integer({ min: -1, max: 3 }),
      }),
      { minLength: 8, maxLength: 24 },
    );
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        performed = [];
        const run = newId();
        const asked = steps.map((step, index) => ({
          ...step,
          lane: `${step.kind}.${step.lane}.${run}`,
          row: row(step.kind, { lane: `${step.kind}.${step.lane}.${run}`, note: String(index), fails: step.fails }),
        }));
        const expected = new Map<string, string[]>();
        const blocked = new Set<string>();
        const states = asked.map(({ kind: how, lane, fails, row: { input: given } }) => {
          if (blocked.has(lane)) {
            return 'new' as const;
          }
          const dead = fails < 0 || fails >= 3;
          const tries = fails < 0 ? 1 : Math.min(fails + 1, 3);
          const { note } = given as Probe;
          const trail = expected.get(lane) ?? [];
          expected.set(lane, [...trail, ...Array.from({ length: tries }, (_, index) => `${note}.${index + 1}`)]);
          if (dead && how === 'block') {
            blocked.add(lane);
          }
          return dead ? ('dead' as const) : ('done' as const);
        });
        await ask(asked.map((each) => each.row));
        await reach(
          asked.map((each) => each.row),
          states,
        );
        for (const [lane, trail] of expected) {
          const seen = performed.filter((each) => each.lane === lane).map(({ note, attempt }) => `${note}.${attempt}`);
          assert.deepEqual(seen, trail, lane);
        }
        assert.equal(worst.inLane, 1);
        await Work.native().deleteMany({ state: 'new' });
      }),
      { numRuns: 8 },
    );
    assert.ok(worst.all > 1, 'lanes go beside each other');
  });

  it('that hang are ended by their time-out, and hold up no others, though they heed no signal', async () => {
    const slow = (['hangs', 'deaf', 'hangs', 'deaf', 'hangs', 'deaf'] as const).map((how) => row('short', { how }));
    const quick = Array.from({ length: 60 }, () => row('free'));
    await ask([...slow, ...quick]);
    await reach(
      quick,
      quick.map(() => 'done'),
    );
    assert.ok((await rowsNow(slow)).some(({ state }) => state === 'new'));
    const dead = await reach(
      slow,
      slow.map(() => 'dead'),
    );
    assert.deepEqual(
      new Set(dead.map(({ error, attempts }) => `${attempts} ${error}`)),
      new Set(['2 It did not end within 300 ms']),
    );
  });

  it('are dead letters after their last attempt, without what they held, and a redrive does them', async () => {
    const asked = row('settled', { fails: 4 });
    await ask([asked]);
    await reach([asked], ['dead']);
    assert.equal(attemptsOf(asked._id), 3);
    assert.equal((await Endings.native().findOne({ _id: asked._id }))?.state, 'dead');
    await eventually(() => assert.ok(performed.some(({ note }) => note === 'after dead')));
    const admin = await logInAdmin(server);
    const letter = await DeadLetters.native().findOne({ _id: asked._id });
    assert.deepEqual([letter?.error, letter?.attempts, letter?.kind], ['Not yet', 3, 'probe.settled']);
    await Work.native().updateOne({ _id: asked._id }, { $set: { 'input.fails': 1 } });
    const redriven = await server.call('POST', '/api/dead-letters/redrive', {
      token: admin.accessToken,
      body: { ids: [asked._id] },
    });
    assert.deepEqual(redriven.body, { redriven: [asked._id], passedOver: [] });
    await reach([asked], ['done']);
    assert.equal((await Endings.native().findOne({ _id: asked._id }))?.state, 'done');
    await eventually(() => assert.ok(performed.some(({ note }) => note === 'after done')));
    const operation = await server.call('GET', `/api/operations/${asked._id}`, { token: admin.accessToken });
    assert.deepEqual((operation.body as { result: unknown }).result, { note: 'one' });
  });

  it('are not done again because what follows from them cannot be written', async () => {
    const asked = row('settled', { how: 'unsettled' });
    await ask([asked]);
    const [dead] = await reach([asked], ['dead']);
    assert.equal(dead?.error, 'Cannot follow');
    assert.equal(attemptsOf(asked._id), 1);
  });

  it('of a kind that nobody defines, or with input that does not fit, take nobody along', async () => {
    const good = row('free');
    const unknown = { ...row('free'), kind: 'probe.unknown' };
    const misfit = { ...row('free'), input: { lane: 1 } };
    await ask([unknown, misfit, good]);
    await reach([unknown, misfit, good], ['dead', 'dead', 'done']);
    assert.equal(performed.length, 1);
  });

  it('whose process died go one at a time, and are dead after their last attempt without another', async () => {
    const died = Array.from({ length: 4 }, (_, index) => ({
      ...row('free', { lane: 'suspects', note: String(index), how: 'open' }),
      attempts: 1,
      error: diedWith,
    }));
    const last = { ...row('free'), attempts: 3, error: diedWith };
    const fresh = Array.from({ length: 5 }, () => row('free'));
    await ask([...died, last, ...fresh]);
    await reach(
      fresh,
      fresh.map(() => 'done'),
    );
    for (let turn = 0; turn < died.length; turn += 1) {
      await eventually(() => assert.equal(open.length, turn + 1));
      assert.equal(busy.get('suspects'), 1);
      open[turn]?.();
    }
    await reach(
      died,
      died.map(() => 'done'),
    );
    await reach([last], ['dead']);
    assert.equal(attemptsOf(last._id), 0);
  });

  it('under way when their owner stops get a moment, and are then handed over uncounted under the same id', async () => {
    const [short, long] = [row('free', { note: 'short', how: 'open' }), row('free', { note: 'long', how: 'open' })];
    await ask([short, long]);
    await eventually(() => assert.equal(open.length, 2));
    const at = performed.findIndex(({ note }) => note === 'short');
    const stopped = owner.stop();
    open[at]?.();
    await stopped;
    const [done, undone] = await rowsNow([short, long]);
    assert.deepEqual([done?.state, undone?.state, undone?.attempts], ['done', 'new', 0]);
    assert.equal(busy.get((long.input as Probe).lane), 0, 'it was aborted');
    owner = effectsWorker(server.registry);
    owner.start();
    await eventually(() => assert.equal(open.length, 3));
    open[2]?.();
    await reach([long], ['done']);
    const tries = performed.filter(({ id }) => id === long._id).map(({ attempt }) => attempt);
    assert.deepEqual(tries, [1, 1]);
  });

  it('of a fenced owner are aborted, and what it thinks came of them does not count', async () => {
    const asked = row('free', { how: 'open', note: 'fenced' });
    await ask([asked]);
    await eventually(() => assert.equal(open.length, 1));
    await Owners.native().deleteMany({ pool: 'effects' });
    await eventually(() => assert.equal(open.length, 2), 15_000);
    assert.equal(busy.get((asked.input as Probe).lane), 1, 'the first was aborted');
    open[0]?.();
    open[1]?.();
    await reach([asked], ['done']);
  });
});
