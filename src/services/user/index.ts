// The front door of the user service: accounts, and who people are to other services.
import { endSessionsLater } from '#src/platform/auth/ending-work.ts';
import { provideRoles } from '#src/platform/auth/sessions.ts';
import type { EffectDefinition } from '#src/platform/effects/effect.ts';
import type { Service } from '#src/platform/registry.ts';
import { connectionsArea } from './connections/index.ts';
import { deletionArea } from './deletion/index.ts';
import { exportsArea } from './exports/index.ts';
import { portfolioAreas } from './portfolio/index.ts';
import { roleCommands } from './roles/roles.commands.ts';
import { roleRoutes } from './roles/roles.routes.ts';
import { userCommands, userImports } from './user.commands.ts';
import { rolesOfUser } from './user.queries.ts';
import { userRoutes } from './user.routes.ts';
import './user.personal.ts';

export { blockedBetween, connectedIds, connectionIn, isConnectedTo, readConnection } from './connections/index.ts';
export { changedCredential, credentialIn, findCredentialOf, rehashPassword } from './credentials/index.ts';
export type { Credential } from './credentials/index.ts';
export { fillNamePrefixes } from './search/search.queries.ts';
export { createAccount, newAccount, setFirstPassword } from './user.commands.ts';
export { roleProblems } from './roles/roles.errors.ts';
export { mayStillGive, standingOf } from './roles/roles.policy.ts';
export { readGivers, refuseRoles } from './roles/roles.queries.ts';
export { userProblems } from './user.errors.ts';
export { namesOf } from './showing/showing.queries.ts';
export { findAccount, findByEmail, findCredential, findOwnAccount, someoneHasRole } from './user.queries.ts';
export { isShownIn, readUsers, readUsersByEmail, userByEmail, userIn } from './user.queries.ts';
export { accountView, ownAccountView, type AccountView } from './user.schema.ts';
export { emailAddress, personName, roleName, userId } from './user.schema.ts';

// Whose service keeps the roles says so itself: no process that checks sessions can forget it.
provideRoles(rolesOfUser);

const areas = [
  { routes: userRoutes, commands: userCommands },
  { routes: roleRoutes, commands: roleCommands },
  connectionsArea,
  portfolioAreas,
  exportsArea,
  deletionArea,
];

/** Accounts. */
export const userService: Service = {
  name: 'user',
  routes: areas.flatMap(({ routes }) => [...routes]),
  commands: areas.flatMap(({ commands }) => [...commands]),
  effects: [...exportsArea.effects, ...deletionArea.effects, endSessionsLater as unknown as EffectDefinition],
  checks: portfolioAreas.checks,
  imports: userImports,
};
