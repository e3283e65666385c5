// Shapes of the websocket service's HTTP twin.
import { z } from 'zod';
import { cloudEvent } from '#src/platform/events/event.ts';

/** Query of a resume: what the client has, and of which epoch. */
export const feedQuery = z.strictObject({
  since: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  epoch: z.string().max(64).optional(),
});

/** Answer of a resume. `reset`: the cursor is void; read the state anew and go on from `head`. */
export const feedPage = z.object({
  data: z.array(z.object({ seq: z.int(), event: cloudEvent })),
  head: z.int(),
  epoch: z.string().nullable(),
  more: z.boolean(),
  reset: z.boolean().optional(),
});
