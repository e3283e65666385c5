// Inputs and outputs of what machines went through.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { workState } from '#src/platform/commands/work.ts';
import { effect, instanceParams, seq, stateValue, status, time } from '../state-machine.schema.ts';

const { type, id } = instanceParams.shape;
const chain = z.enum(['intact', 'broken']);
const context = z.unknown();
const version = z.number().int();

/** `?at=` besides those of a page: the number of a step, or a moment. */
export const historyQuery = pageQuery.extend({
  at: z
    .string()
    .max(32)
    .regex(
      /^(?:\d{1,15}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?Z)$/u,
      'must be the number of a step or a time such as 2026-01-31T12:00:00Z',
    )
    .refine((text) => /^\d+$/u.test(text) || !Number.isNaN(Date.parse(text)), 'There is no such day or time')
    .optional(),
});

/** Whether the steps of an instance form one unbroken chain, and else the first step that does not follow. */
export const verifyOutput = z.strictObject({
  type,
  id,
  steps: z.number().int().min(0),
  chain,
  brokenAt: seq.nullable(),
});

const transition = z.strictObject({
  seq,
  eventId: z.string(),
  event: z.looseObject({ type: z.string() }),
  actor: z.string(),
  from: stateValue.nullable(),
  to: stateValue,
  status,
  context,
  changed: z.boolean(),
  /** `work`: the operation that does it, for as long as that is kept. */
  effects: z.array(effect.extend({ work: z.strictObject({ id: z.string(), state: workState }).optional() })),
  version,
  requestId: z.string(),
  at: time,
  prevHash: z.string(),
  hash: z.string(),
});

const stood = z.strictObject({
  /** The step it had taken last, and when. */
  seq,
  time,
  version,
  value: stateValue,
  status,
  context,
  /** Left out where the definition it ran on is not known any more. */
  tags: z.array(z.string()).optional(),
});

/**
 * A page of steps, oldest first; `chain` says whether the hashes of this page and its neighbours hold. With `?at=`:
 * `at` is how the machine stood then.
 */
export const historyOutput = pageOf(transition).extend({ chain, at: stood.optional() });

/** The story as text: one JSON object a line, each with its `kind`. */
export const exportText = z.string();

export type HistoryQuery = z.output<typeof historyQuery>;
export type TransitionOutput = z.output<typeof transition>;
export type StoodOutput = z.output<typeof stood>;
