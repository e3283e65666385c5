// The front door of connections, inside the user service and for it to hand on.
import { connectionCommands } from './connections.commands.ts';
import { connectionRoutes } from './connections.routes.ts';

export { blockedBetween, connectedIds, connectionIn, isConnectedTo, readConnection } from './connections.queries.ts';

/** What connections add to the service. */
export const connectionsArea = { routes: connectionRoutes, commands: connectionCommands } as const;
