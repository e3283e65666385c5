// Inputs and outputs of suspending accounts.
import { z } from 'zod';
import { userId } from '../user.schema.ts';

const reason = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters');

/** `POST /api/users/:id/suspend` and `/activate`. */
export const suspensionBody = z.strictObject({ reason });

/** What the command needs. `mayAdmins`: who asks is admin, so admins are no exception. */
export const suspensionInput = z.strictObject({
  userId,
  to: z.enum(['active', 'suspended']),
  reason,
  mayAdmins: z.boolean(),
});

/** The account afterwards. */
export const accountStatus = z
  .strictObject({ id: userId, status: z.enum(['active', 'suspended']) })
  .meta({ id: 'AccountStatus' });
