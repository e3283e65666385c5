// Inputs and outputs of waiting for machines.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { stateOutput } from '../state-machine.schema.ts';

const mostSeconds = limits.waitMaxMs / 1_000;

/** `?for=&timeout=`: the end, a tag, or a state by its path; and for how many seconds. */
export const waitQuery = z.strictObject({
  for: z
    .string()
    .max(1_000)
    .regex(
      /^(?:done|tag:.{1,100}|state:[A-Za-z0-9_-]{1,100}(?:\.[A-Za-z0-9_-]{1,100}){0,8})$/u,
      'must be done, tag:<tag> or state:<path of states>',
    ),
  timeout: z.coerce.number().int().min(0).max(mostSeconds).default(mostSeconds),
});

/** Where the machine stands when it is there, when it never will be, or when the time is over. */
export const waitOutput = z.strictObject({ reached: z.boolean(), state: stateOutput });

export type WaitQuery = z.output<typeof waitQuery>;
export type WaitOutput = z.output<typeof waitOutput>;
