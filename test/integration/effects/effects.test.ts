// Effects of the tests' own on a real owner: order within lanes, retries, dead letters, time-outs.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logInAdmin } from '../../support/accounts.ts';
import { ask, effectRow, reach, rowsNow } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { Endings, forgetPerformed, laneProber, performed, worst, type Probe } from '../../support/lane-effects.ts';

describe('effects', function () {
  this.timeout(60_000);
  let server: TestServer;
  let owner: Owner;
  before(async () => {
    server = await startServer([userService, authService, gamificationService, operations, laneProber]);
    owner = effectsWorker(server.registry);
    owner.start();
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });
  beforeEach(forgetPerformed);

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
        performed.length = 0;
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
});
