// What can be tried of definitions without keeping anything.
import { limits } from '#config/limits.ts';
import {
  compileDefinition,
  DefinitionError,
  diffDefinitions,
  parseDefinition,
  simulate,
  type DefinitionSource,
} from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import type { Json } from '#src/platform/machines/json.ts';
import type { MachineEventInput } from '#src/platform/machines/kernel.ts';
import { CelAccount } from '#src/platform/rules/cel.ts';
import { Turns } from '#src/platform/turns.ts';
import { definitionInvalid, notRunnable } from '../definitions/definitions.errors.ts';
import type { DefinitionRow } from '../definitions/definitions.model.ts';
import { fieldProblemsOf } from '../definitions/definitions.presenter.ts';
import { readVersion, runnable } from '../definitions/definitions.queries.ts';
import { presentSimulation } from './trials.presenter.ts';
import type { SimulationOutput, StoryInput } from './trials.schema.ts';

/** What differs between two versions that are data. Errors: state-machine.definition-not-found. */
export async function diffOf(type: string, from: number, to: number) {
  const [before, after] = await Promise.all([readVersion(type, from), readVersion(type, to)]);
  const { states, events, transitions, other, compatible, missing } = diffDefinitions(
    sourceOf(before),
    sourceOf(after),
  );
  return { type, from, to, states, events, transitions, other, compatible, missing };
}

/** Errors: state-machine.not-runnable. */
function sourceOf({ _id, source }: DefinitionRow): DefinitionSource {
  try {
    return parseDefinition(JSON.parse(source));
  } catch (error) {
    throw error instanceof DefinitionError ? notRunnable(`${_id}: ${error.message}`) : error;
  }
}

/** What all expressions of a simulation may take together; about half a second. */
const stepsOfStory = 1_000_000;

/** Plays a story on a definition that is not registered. Errors: state-machine.definition-invalid. */
export async function simulateSource(
  type: string | undefined,
  source: unknown,
  story: StoryInput,
  asker: string,
): Promise<SimulationOutput> {
  let definition: MachineDefinition;
  try {
    definition = compileDefinition(parseDefinition(source), { type: type ?? 'draft', version: 1 });
  } catch (error) {
    if (error instanceof DefinitionError) {
      throw definitionInvalid(undefined, { errors: fieldProblemsOf({ errors: error.findings }) });
    }
    throw error;
  }
  return await played(definition, story, asker);
}

/**
 * Plays a story on a registered definition. Errors: state-machine.definition-not-found, state-machine.not-runnable.
 */
export async function simulateVersion(type: string, story: StoryInput, asker: string): Promise<SimulationOutput> {
  return await played(await runnable(type, story.version), story, asker);
}

async function played(
  definition: MachineDefinition,
  { id, input, actor, now, events }: StoryInput,
  asker: string,
): Promise<SimulationOutput> {
  const telling = simulate(definition, {
    ...(id === undefined ? {} : { id }),
    ...(input === undefined ? {} : { input: input as Json }),
    now: now === undefined ? new Date() : new Date(now),
    actor: actor ?? asker,
    events: events.map(({ event, child, afterMs, actor: by }) => ({
      ...(event === undefined ? {} : { event: event as MachineEventInput }),
      ...(child === undefined ? {} : { child: child as { id: string; output?: Json; error?: Json } }),
      ...(afterMs === undefined ? {} : { afterMs }),
      ...(by === undefined ? {} : { actor: by }),
    })),
  });
  const simulation = await new Turns(limits.answerMs).through(telling, new CelAccount(stepsOfStory));
  return presentSimulation(simulation ?? { steps: [], truncated: true });
}
