// Long computations of requests: others have their turn in between, and there is an end.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Turns } from '#src/platform/turns.ts';

/** Holds the event loop for longer than one stretch. */
function work(): void {
  for (const until = performance.now() + 25; performance.now() < until;) {
    // Nothing else gets in.
  }
}

describe('Turns', () => {
  it('lets others have their turn between pieces that take long', async () => {
    const turns = new Turns(60_000);
    let others = 0;
    const other = (): void => {
      others += 1;
      pending = setImmediate(other);
    };
    let pending = setImmediate(other);
    for (let piece = 0; piece < 5; piece += 1) {
      assert.equal(await turns.next(), true);
      work();
    }
    clearImmediate(pending);
    assert.ok(others >= 4, `others had ${others} turns`);
  });

  it('ends when its time is over, though never before the first piece', async () => {
    const turns = new Turns(0);
    work();
    assert.equal(await turns.next(), true);
    work();
    assert.equal(await turns.next(), false);
  });
});
