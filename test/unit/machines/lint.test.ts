// Every chart of machines/ holds to what definitions as data are held to: no state without a way in, none without a way on.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createMachine, type AnyStateMachine } from 'xstate';
import { connection } from '#machines/connection.machine.ts';
import { machines, ventureInvitation } from '#machines/index.ts';
import { lintMachine } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { define } from '../platform/machines/charts.ts';

describe('the charts of machines/', () => {
  const all: readonly MachineDefinition[] = [...machines, connection, ventureInvitation];
  for (const definition of all) {
    it(`${definition.type} is in order`, () => {
      assert.deepEqual(lintMachine(definition).errors, []);
    });
  }

  it('would be told of what is not', () => {
    const machine: unknown = createMachine({
      id: 'odd',
      initial: 'a',
      states: {
        a: { initial: 'x', states: { x: { always: 'y' }, y: { always: 'x' }, z: {} }, after: { 5: 'b' } },
        b: {},
      },
    });
    const { errors, warnings } = lintMachine(define(machine as AnyStateMachine));
    assert.deepEqual(
      [...errors, ...warnings].map(({ code, path }) => `${code} ${path}`),
      [
        'unreachable-state /states/a/states/z',
        'trap-state /states/b',
        'always-cycle /states/a/states/x',
        'always-cycle /states/a/states/y',
        'no-final ',
      ],
    );
  });
});
