// What webhooks say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of webhooks. */
export const webhookProblems = {
  notFound: defineProblem('state-machine.webhook-not-found', 404, 'There is no such endpoint'),
  exists: defineProblem('state-machine.webhook-exists', 409, 'There is an endpoint of this name'),
  tooMany: defineProblem('state-machine.too-many-webhooks', 409, 'No more endpoints fit; remove one first'),
  off: defineProblem('state-machine.webhook-off', 409, 'The endpoint is switched off or gone'),
} as const;
