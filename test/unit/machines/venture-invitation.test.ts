// An invitation to a venture: every way through its chart, and how long it waits.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ventureInvitation } from '#machines/venture-invitation.machine.ts';
import { everyStep } from '#src/platform/machines/kit/paths.ts';
import { start } from '#src/platform/machines/kit/run.ts';
import { holdsTo } from '../../support/ways.ts';

describe('venture invitation', () => {
  it('stands where the chart says on every way there is', () => {
    holdsTo(ventureInvitation, everyStep(ventureInvitation));
  });

  it('waits for fourteen days, each time it is asked', () => {
    const run = start(ventureInvitation);
    run.advance('13d');
    assert.equal(run.state, 'pending');
    run.advance('1d');
    assert.deepEqual([run.state, run.timers, run.accepts], ['expired', [], ['INVITE']]);
    run.send({ type: 'INVITE' });
    run.advance('13d');
    run.send({ type: 'DECLINE' });
    run.advance('30d');
    assert.equal(run.state, 'declined');
  });

  it('takes no answer once it is answered', () => {
    for (const answer of ['ACCEPT', 'DECLINE', 'WITHDRAW']) {
      const run = start(ventureInvitation);
      run.send({ type: answer });
      assert.deepEqual(run.accepts, ['INVITE']);
      assert.throws(() => run.send({ type: 'ACCEPT' }), /not taken/u);
    }
  });
});
