// Processes killed at random and Redis emptied under load, in small: full/chaos.test.ts is the long one.
import { playChaos } from '../support/chaos.ts';
import { seeded } from '../support/seeded.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

describe('chaos, in small', () => {
  let system: System;

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('counts every acknowledged grant once, tells every socket 1 to N, and is normal soon after', async () => {
    const random = seeded();
    console.log(`      seed ${String(random.seed)}`);
    const story = await playChaos(system, {
      random,
      grants: 600,
      callers: 16,
      clients: 8,
      kills: 2,
      killEveryMs: [300, 1_500],
      faults: [{ at: 0.4, name: 'Redis emptied' }],
      normalWithinMs: 30_000,
    });
    console.log(`      ${story.join(', ')}`);
  });
});
