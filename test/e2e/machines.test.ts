// A few machines with effects, timers and children while two processes are killed and Redis is emptied once: everything ends
// as models of a few lines say. The long one is in full/.
import fc from 'fast-check';
import { definePlayed, playPrograms } from '../support/machine-chaos.ts';
import { programs } from '../support/machine-programs.ts';
import { relayPrograms } from '../support/relay-programs.ts';
import { seeded } from '../support/seeded.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const tallies = 9;
const relays = 3;

describe('machines and their effects, in small', function () {
  this.timeout(120_000);
  let system: System;
  before(async () => {
    system = await startSystem({ people: tallies + relays, apis: 2, workers: 2 });
    await definePlayed(system);
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
    const all = fc.record({ tallies: programs(tallies, 12), relays: relayPrograms(relays, 10) });
    const [played = { tallies: [], relays: [] }] = fc.sample(all, { seed: random.seed, numRuns: 1 });
    const story = await playPrograms(system, played, { random, kills: 2, killEveryMs: 1_500, flushes: 1 });
    console.log(`      ${story.join(', ')}`);
  });
});
