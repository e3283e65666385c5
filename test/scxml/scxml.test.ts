// The SCXML cases XState enables for itself, through our kernel: state as JSON between events, timers on a virtual clock,
// children as machines of their own.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { start, type MachineRun } from '#src/platform/machines/kit/run.ts';
import { scionCases, w3cCases, type Case } from './cases.ts';
import { convert } from './convert.ts';
import { innermost } from './innermost.ts';

function begun({ name, scxml, steps }: Case): MachineRun {
  const type = name.replaceAll(/[^\w-]/gu, '-');
  const converted = convert(
    scxml,
    type,
    steps.map(({ event }) => event),
  );
  return start(converted.definition, {}, { children: converted.children });
}

describe('SCXML', () => {
  it('is tried by as many cases as XState’s own suite enables', () => {
    assert.deepEqual([scionCases.length, w3cCases.length], [103, 66]);
  });

  describe('of SCION', () => {
    for (const scion of scionCases) {
      it(scion.name, () => {
        const run = begun(scion);
        assert.deepEqual(innermost(run.state).toSorted(), scion.initial.toSorted());
        for (const [index, { after, event, states }] of scion.steps.entries()) {
          run.advance(after);
          run.offer({ type: event });
          assert.deepEqual(innermost(run.state).toSorted(), states.toSorted(), `after ${event}, number ${index}`);
        }
      });
    }
  });

  describe('of the W3C', () => {
    for (const w3c of w3cCases) {
      it(w3c.name, () => {
        const run = begun(w3c);
        while (run.status === 'active' && run.next()) {
          // Time passes until it has come to an end.
        }
        assert.deepEqual([run.status, run.state], ['done', 'pass']);
      });
    }
  });
});
