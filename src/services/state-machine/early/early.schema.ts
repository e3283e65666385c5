// The input of trying events that wait.
import { z } from 'zod';

/** The kind of the command that goes on trying them. */
export const tryKind = 'state-machine.deferred.try';

/** Input of `state-machine.deferred.try`: where the instance stands for it, and the id of the first event not tried there. */
export const tryInput = z.strictObject({ instance: z.string(), seq: z.int().min(0), from: z.string() });

export type TryInput = z.output<typeof tryInput>;
