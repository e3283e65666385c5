// Inputs and outputs of many events in one request.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { pendingOperation } from '#src/platform/commands/submit.ts';
import { sentProblem } from '#src/platform/http/problem.ts';
import { addressedEvent, eventOutput } from '../state-machine.schema.ts';

/** Body of the route. */
export const batchBody = z.strictObject({ events: z.array(addressedEvent).min(1).max(limits.machineEvents) });

const answered = z.strictObject({
  status: z.literal(200),
  body: eventOutput,
  /** The event was sent before: this is the answer of then. */
  replayed: z.literal(true).optional(),
});

const pending = z.strictObject({
  status: z.literal(202),
  body: pendingOperation,
  /** Where to look: `/api/operations/<id>`. */
  location: z.string(),
});

const refused = z.strictObject({ status: z.number().int().min(400), problem: sentProblem });

/** An answer for each event, in their order. */
export const batchOutput = z.strictObject({
  data: z.array(z.union([answered, pending, refused])).max(limits.machineEvents),
});

export type BatchAnswer = z.output<typeof batchOutput>['data'][number];
