// The front door of deletions, inside the user service.
import { askDeletion, undoDeletion } from './deletion.commands.ts';
import { eraseAccount } from './deletion.effects.ts';
import { deletionRoutes } from './deletion.routes.ts';

/** What deletions add to the service. */
export const deletionArea = {
  routes: deletionRoutes,
  commands: [askDeletion, undoDeletion],
  effects: [eraseAccount],
} as const;
