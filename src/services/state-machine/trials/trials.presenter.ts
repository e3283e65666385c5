// Simulations as clients see them.
import type { Simulation } from '#src/platform/machines/data/data.ts';
import type { MachineEventInput, StateValue } from '#src/platform/machines/kernel.ts';
import type { SendTarget } from '#src/platform/machines/step.ts';
import type { SimulationOutput } from './trials.schema.ts';

type Step = SimulationOutput['steps'][number];

/** Contexts and effects of the steps that are shown, as JSON. */
const mostText = 1_000_000;

/** What a story came to; of one that is very long the beginning. */
export function presentSimulation({ steps, truncated }: Simulation): SimulationOutput {
  let text = 0;
  const shown = steps.filter(({ context, effects, spawns, output }) => {
    text += text > mostText ? 0 : JSON.stringify([context, effects, spawns, output]).length;
    return text <= mostText;
  });
  return {
    truncated: truncated || shown.length < steps.length,
    steps: shown.map((step): Step => ({
      ...step,
      event: eventOf(step.event),
      at: step.at.toISOString(),
      accepts: [...step.accepts],
      verdicts: step.verdicts.map((verdict) => ({ ...verdict, target: [...verdict.target] })),
      value: valueOf(step.value),
      tags: [...step.tags],
      effects: step.effects.map(({ name, params }) => ({ name, params })),
      spawns: step.spawns.map(({ id, src, input }) => ({ id, src, input })),
      sends: step.sends.map(({ to, event }) => ({ to: targetOf(to), event: eventOf(event) })),
      armed: step.armed.map(timerOf),
      dropped: [...step.dropped],
      waiting: step.waiting.map(timerOf),
    })),
  };
}

function eventOf(event: MachineEventInput): { type: string } {
  return { ...event };
}

function valueOf(value: StateValue): Step['value'] {
  return typeof value === 'string' ? value : { ...value };
}

function targetOf(to: SendTarget): string {
  return to === 'parent' ? to : to.id;
}

function timerOf({ name, dueAt }: { readonly name: string; readonly dueAt: Date }): { name: string; dueAt: string } {
  return { name, dueAt: dueAt.toISOString() };
}
