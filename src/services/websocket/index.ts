// Front door of the websocket service: feeds, live and afterwards.
import type { Service } from '#src/platform/registry.ts';
import { websocketRoutes } from './websocket.routes.ts';

export { mayReadFeed } from './websocket.policy.ts';

/** What the service offers to the process roots. */
export const websocketService: Service = {
  name: 'websocket',
  routes: websocketRoutes,
  pools: ['feeds'],
};
