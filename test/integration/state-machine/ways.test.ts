// Every way through the chart of onboarding over HTTP, on real MongoDB and Redis: where an instance stands after each step
// is where the living machine stands.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { onboarding } from '#machines/onboarding.machine.ts';
import { newId } from '#src/platform/ids.ts';
import { everyStep, type PathState, type PathStep } from '#src/platform/machines/kit/paths.ts';
import { Timers } from '#src/platform/machines/store.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';

describe('ways through a machine over HTTP', function () {
  this.timeout(20_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
  });
  after(async () => {
    await definer.stop();
  });

  async function take(id: string, { cause }: PathStep): Promise<void> {
    if (cause.kind === 'event') {
      const reply = await definer.send('onboarding', id, cause.event);
      assert.equal(reply.status, 200, reply.text);
      return;
    }
    assert.ok(cause.kind === 'timer');
    const due = { $set: { dueAt: new Date(Date.now() - 1_000) } };
    const which = { instance: `onboarding.${id}`, sendId: cause.name, state: 'armed' } as const;
    assert.equal((await Timers.native().updateOne(which, due)).modifiedCount, 1);
  }

  async function standsIn(id: string, seq: number, { state, status, context, timers }: PathState): Promise<void> {
    const shown = (await definer.state('onboarding', id)) as {
      seq: number;
      value: unknown;
      status: unknown;
      context: unknown;
      timers: { name: string }[];
    };
    assert.deepEqual(
      [shown.seq, shown.value, shown.status, shown.context, shown.timers.map(({ name }) => name).toSorted()],
      [seq, state, status, context, timers],
    );
  }

  const id = newId();
  const { paths } = everyStep(onboarding, { id });
  for (const [index, { name, steps }] of paths.entries()) {
    it(name, async () => {
      const own = `${id}-${index}`;
      const named = ({ context, ...rest }: PathState): PathState => ({
        ...rest,
        context: { ...(context as { name: null }), userId: own },
      });
      await definer.create('onboarding', own, {});
      for (const [taken, step] of steps.entries()) {
        await take(own, step);
        await eventually(async () => await standsIn(own, taken + 1, named(step)));
      }
    });
  }
});
