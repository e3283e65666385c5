// Thirty machines with nine hundred effects and more, and ten with children that are left, quit and cancelled with them, each
// effect in the order of its machine, while processes are killed and Redis is emptied: everything ends as models of a few
// lines say. SEED repeats the choices of a run.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { definePlayed, playPrograms } from '../../support/machine-chaos.ts';
import { programs } from '../../support/machine-programs.ts';
import { relayPrograms } from '../../support/relay-programs.ts';
import { seeded } from '../../support/seeded.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

const tallies = 30;
const relays = 10;

describe('machines and their effects', function () {
  this.timeout(600_000);
  let system: System;
  before(async () => {
    system = await startSystem({ people: tallies + relays });
    await definePlayed(system);
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('end as the model says through 13 kills and 3 times an emptied Redis', async () => {
    const random = seeded();
    console.log(`      seed ${random.seed}`);
    const all = fc.record({ tallies: programs(tallies, 240), relays: relayPrograms(relays, 60) });
    const [played = { tallies: [], relays: [] }] = fc.sample(all, { seed: random.seed, numRuns: 1 });
    const faults = { random, kills: 13, killEveryMs: 700, flushes: 3 };
    const story = await playPrograms(system, played, faults);
    console.log(`      ${story.join(', ')}`);
    assert.equal(story.filter((part) => part.endsWith('killed')).length, 13, 'too few kills');
    assert.ok((await system.db.collection('xp_ledger').countDocuments()) >= 900, 'too few effects');
  });
});
