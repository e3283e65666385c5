// Inputs and outputs of deletions.
import { z } from 'zod';
import { userId } from '../user.schema.ts';

export const ofUser = z.strictObject({ id: userId });

/** What becomes of an account. */
export const deletionView = z
  .strictObject({
    id: userId,
    status: z.enum(['active', 'suspended', 'deleting']),
    deletedAt: z.iso.datetime().nullable().describe('Until then it can be taken back'),
  })
  .meta({ id: 'AccountDeletion' });
export type DeletionView = z.output<typeof deletionView>;

/** What the commands and the effect take. `deletion` names one request to delete: taken back, it is void. */
export const askInput = z.strictObject({ userId, except: z.string().max(64).optional() });
export type AskInput = z.output<typeof askInput>;
export const undoInput = z.strictObject({ userId });
export const eraseInput = z.strictObject({ userId, deletion: z.string().max(128) });
export type EraseInput = z.output<typeof eraseInput>;
