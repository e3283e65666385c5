// Machines that are data: registered, tried out and replaced, with the machines that run on them moved over.
import { migrationCommands } from '../migrations/migrations.commands.ts';
import { routes as migrationRoutes } from '../migrations/migrations.routes.ts';
import { routes as trialRoutes } from '../trials/trials.routes.ts';
import { definitionCommands } from './definitions.commands.ts';
import { routes } from './definitions.routes.ts';

/** What the service mounts of it. */
export const definitionsArea = {
  routes: [...routes, ...trialRoutes, ...migrationRoutes],
  commands: [...definitionCommands, ...migrationCommands],
};
