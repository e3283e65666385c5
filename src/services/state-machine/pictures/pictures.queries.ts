// What is drawn of an instance: where it stands or stood, its way, its timers, and what of its effects gave up.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { PictureFault } from '#src/platform/machines/pictures/layout-thread.ts';
import type { PictureMarks } from '#src/platform/machines/pictures/marks.ts';
import { pictureOf, type Picture, type PictureFormat } from '#src/platform/machines/pictures/pictures.ts';
import { trailOf } from '#src/platform/machines/pictures/trail.ts';
import { Turns } from '#src/platform/turns.ts';
import { Transitions, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { isDraft } from '../definitions/definitions.queries.ts';
import { definitionBehind, definitionFor } from '../definitions/definitions.workflow.ts';
import { typeUnknown } from '../state-machine.errors.ts';
import { readInstance } from '../state-machine.queries.ts';
import { failedEffects } from '../effects/effects.queries.ts';
import { chartTooLarge, notDrawn, stepUnknown } from './pictures.errors.ts';

/** Steps of the way that are drawn; of a longer one the newest. */
const mostSteps = 2_000;
/** How long one request looks for the way of an instance, in milliseconds. */
const patienceMs = 1_000;

/**
 * The picture of a definition. Drafts are for those who may read their source: for others they are not there.
 * Errors: `state-machine.unknown-type`, and those of `drawn`.
 */
export async function pictureOfType(
  caller: Asker,
  type: string,
  { version, format }: { version?: number | undefined; format: PictureFormat },
): Promise<Picture> {
  const isHidden = version !== undefined && !caller.can('machine.define') && (await isDraft(type, version));
  const definition = isHidden ? undefined : await definitionFor(type, version);
  if (!definition) {
    throw typeUnknown(
      `There is no machine of the type ${type}${version === undefined ? '' : ` in version ${version}`}`,
    );
  }
  return await drawn(async () => await pictureOf(definition, null, format));
}

/**
 * The picture of an instance after its step `at`, or now. Timers and failures are those of now.
 * Errors: `state-machine.not-found`, `state-machine.step-unknown`, and those of `drawn`.
 */
export async function pictureOfInstance(
  caller: Asker,
  { type, id }: { type: string; id: string },
  { at, format }: { at?: number | undefined; format: PictureFormat },
): Promise<Picture> {
  const instance = await readInstance(caller, type, id);
  const seq = at ?? instance.seq;
  const steps = await stepsUpTo(instance, seq);
  const last = steps.at(-1);
  if (last?.seq !== seq) {
    throw stepUnknown(`${instance._id} has taken ${instance.seq} steps`);
  }
  const isNow = seq === instance.seq;
  const definition = await definitionBehind({ ...instance, version: last.version });
  const marks: PictureMarks = {
    ...(await drawn(async () => await wayOf(definition, steps))),
    value: last.to,
    timers: isNow ? timersOf(instance) : [],
    failed: isNow ? await failedEffects(instance) : [],
    now: isNow ? new Date() : last.at,
  };
  return await drawn(async () => await pictureOf(definition, marks, format));
}

async function wayOf(definition: MachineDefinition, steps: readonly Passed[]) {
  const way = trailOf(
    definition,
    steps.map(({ event, to }) => ({ event: event.type, to })),
  );
  const found = await new Turns(patienceMs).through(way);
  if (!found) {
    throw new PictureFault('too-long', 'Its way through its chart takes too long to find');
  }
  return found;
}

/** What is drawn of a step. */
type Passed = Pick<Transition, 'seq' | 'to' | 'at' | 'version'> & { readonly event: Pick<Transition['event'], 'type'> };

async function stepsUpTo(instance: MachineInstance, seq: number): Promise<Passed[]> {
  const newestFirst = await Transitions.native()
    .find({ instance: instance._id, seq: { $lte: seq } }, { maxTimeMS: limits.mongoMs })
    .project<Passed>({ _id: 0, seq: 1, to: 1, at: 1, version: 1, 'event.type': 1 })
    .sort({ seq: -1 })
    .limit(mostSteps)
    .toArray();
  return newestFirst.reverse();
}

function timersOf({ timers }: MachineInstance): PictureMarks['timers'] {
  return timers.map(({ sendId, dueAt, trigger }) => ({
    name: sendId,
    dueAt,
    ...(trigger.kind === 'after' ? { state: trigger.state } : { event: trigger.event.type }),
  }));
}

/** Errors: `state-machine.chart-too-large`, `state-machine.not-drawn`. */
async function drawn<Part>(draw: () => Promise<Part>): Promise<Part> {
  try {
    return await draw();
  } catch (error) {
    if (error instanceof MachineFault) {
      throw chartTooLarge(error.message);
    }
    if (error instanceof PictureFault) {
      throw notDrawn(error.message, { extensions: { retryAfterS: error.reason === 'too-long' ? 60 : 2 } });
    }
    throw error;
  }
}
