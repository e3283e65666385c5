// Inputs and outputs of what can be tried of definitions without keeping anything.
import { z } from 'zod';
import { definition, version } from '../definitions/definitions.schema.ts';
import { instanceParams } from '../state-machine.schema.ts';

const { type, id } = instanceParams.shape;
const json = z.record(z.string().max(200), z.unknown());
const time = z.iso.datetime();
const shownVersion = z.number().int();
const stateValue = z.union([z.string(), z.record(z.string(), z.unknown())]);

/** `?from=&to=` of what differs between two versions. */
export const diffQuery = z.strictObject({ from: version, to: version });

/** What changed between two versions. */
const changes = z.strictObject({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
});
export const diffOutput = z.strictObject({
  type,
  from: shownVersion,
  to: shownVersion,
  states: changes,
  events: changes,
  transitions: changes,
  other: z.array(z.string()).describe('Other members of the definition that differ'),
  compatible: z.boolean().describe('Every state of the one is a state of the other'),
  missing: z.array(z.string()),
});

const event = z.looseObject({ type: z.string().min(1).max(100) });
const child = z.strictObject({
  id: z.string().min(1).max(64),
  output: z.unknown().pipe(z.json()).optional(),
  error: z.unknown().pipe(z.json()).optional(),
});
const who = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/u, 'The id of a user, or system');

/** A story to be played: `event` and `child` happen `afterMs` later than what stands before; neither: time passes. */
const story = {
  id: id.optional(),
  input: json.optional(),
  actor: who.optional(),
  now: z.iso
    .datetime({ offset: true })
    .max(40)
    .refine((time) => time < '3', 'before the year 3000')
    .optional(),
  events: z
    .array(
      z.strictObject({
        event: event.optional(),
        child: child.optional(),
        afterMs: z
          .number()
          .int()
          .min(0)
          .max(10 * 365 * 86_400_000)
          .optional(),
        actor: who.optional(),
      }),
    )
    .max(100),
};

/** Body of a simulation of a definition that is not registered, and of one that is. */
export const simulateBody = z.strictObject({ type: type.optional(), definition, ...story });
export const simulateVersionBody = z.strictObject({ version: version.optional(), ...story });

const timer = z.strictObject({ name: z.string(), dueAt: time });
const verdict = z.strictObject({
  state: z.string(),
  target: z.array(z.string()),
  guard: z.string().nullable(),
  says: z.union([z.boolean(), z.literal('threw')]),
  error: z.string().optional(),
});

/** What each part of a story came to. */
export const simulationOutput = z.strictObject({
  truncated: z.boolean().describe('The story had more steps, or larger ones, than are played'),
  steps: z.array(
    z.strictObject({
      cause: z.enum(['start', 'event', 'timer', 'child']),
      event,
      at: time,
      accepted: z.boolean(),
      accepts: z.array(z.string()),
      verdicts: z.array(verdict).describe('What each guard said of the event'),
      value: stateValue,
      status: z.enum(['active', 'done', 'error', 'stopped']),
      context: z.unknown(),
      tags: z.array(z.string()),
      effects: z.array(z.strictObject({ name: z.string(), params: z.unknown() })),
      spawns: z.array(z.strictObject({ id: z.string(), src: z.string(), input: z.unknown() })),
      sends: z.array(z.strictObject({ to: z.string(), event })),
      output: z.unknown(),
      armed: z.array(timer),
      dropped: z.array(z.string()),
      waiting: z.array(timer),
      problem: z.string().nullable().describe('Why the machine failed on it'),
    }),
  ),
});

export type StoryInput = z.output<typeof simulateVersionBody>;
export type SimulationOutput = z.output<typeof simulationOutput>;
