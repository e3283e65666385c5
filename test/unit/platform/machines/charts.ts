// Charts made for a test, and steps that must have been taken.
import assert from 'node:assert/strict';
import type { AnyStateMachine } from 'xstate';
import { z } from 'zod';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import type { NotAccepted, Step } from '#src/platform/machines/kernel.ts';

/** A definition around a chart, with events anybody may send. */
export function define(machine: AnyStateMachine, events: readonly string[] = []): MachineDefinition {
  const event = { payload: z.looseObject({}), from: ['operator'] } as const;
  return {
    type: machine.id,
    version: 1,
    machine,
    input: z.unknown(),
    events: Object.fromEntries(events.map((type) => [type, event])),
    access: { create: ['operator'], read: ['owner'] },
    early: 'reject',
    people: () => ({ owner: null, members: [] }),
  };
}

/** The step, or a failed test. */
export function taken(outcome: Step | NotAccepted): Step {
  assert.ok(outcome.accepted, `expected a step, got ${JSON.stringify(outcome)}`);
  return outcome;
}
