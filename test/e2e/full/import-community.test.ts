// All of the real input as two imports, with every worker killed on the way: the known figures are reached.
import assert from 'node:assert/strict';
import { readContributions } from '#src/demo/contributions.ts';
import { expected, figuresOf } from '#src/demo/expected.ts';
import { checkImportOf } from '../../support/imports.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

describe('the whole community, imported', function () {
  this.timeout(600_000);
  let system: System;

  before(async () => {
    system = await startSystem({ people: 0 });
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('comes to the figures that were computed independently', async () => {
    const contributions = await readContributions();
    assert.equal(figuresOf(contributions).xp, expected.xp);
    await checkImportOf(system, contributions);
  });
});
