// Ways through a chart, driven through the kernel in memory and held against the model after each step.
import assert from 'node:assert/strict';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { follow, standingOf, type PathOptions, type Ways } from '#src/platform/machines/kit/paths.ts';
import { start } from '#src/platform/machines/kit/run.ts';

/** Fails where the kernel stands anywhere else than the model, or where the ways leave a state out. */
export function holdsTo(definition: MachineDefinition, ways: Ways, options: PathOptions = {}): void {
  assert.deepEqual(ways.missed, [], 'every state is reachable');
  for (const { name, steps } of ways.paths) {
    const run = start(definition, options.input, { id: options.id ?? 'test' });
    assert.deepEqual(standingOf(run), ways.initial);
    for (const step of steps) {
      follow(run, step);
      const { state, status, context, timers } = step;
      assert.deepEqual(standingOf(run), { state, status, context, timers }, name);
    }
  }
}
