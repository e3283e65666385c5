// A few machines with effects and timers while two processes are killed and Redis is emptied once: everything ends as a
// model of a few lines says. The long one is in full/.
import fc from 'fast-check';
import { defineTally, playPrograms } from '../support/machine-chaos.ts';
import { programs } from '../support/machine-programs.ts';
import { seeded } from '../support/seeded.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const tallies = 12;

describe('machines and their effects, in small', function () {
  this.timeout(120_000);
  let system: System;
  before(async () => {
    system = await startSystem({ people: tallies, apis: 2, workers: 2 });
    await defineTally(system);
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('end as the model says', async () => {
    const random = seeded();
    console.log(`      seed ${random.seed}`);
    const [played = []] = fc.sample(programs(tallies, 12), { seed: random.seed, numRuns: 1 });
    const story = await playPrograms(system, played, { random, kills: 2, killEveryMs: 1_500, flushes: 1 });
    console.log(`      ${story.join(', ')}`);
  });
});
