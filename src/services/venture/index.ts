// The front door of the venture service.
import type { Service } from '#src/platform/registry.ts';
import { invitationCommands } from './invitations/invitations.commands.ts';
import { invitationRoutes } from './invitations/invitations.routes.ts';
import { ventureCommands } from './venture.commands.ts';
import { ventureRoutes } from './venture.routes.ts';
import './venture.personal.ts';

export { isInTeam } from './venture.queries.ts';

/** Ventures, their teams and who is invited into them. */
export const ventureService: Service = {
  name: 'venture',
  routes: [...ventureRoutes, ...invitationRoutes],
  commands: [...ventureCommands, ...invitationCommands],
};
