// The table of services. Roots build their registry from it; a new service is one line here.
import type { Service } from '#src/platform/registry.ts';
import { authService } from './auth/index.ts';
import { gamificationService } from './gamification/index.ts';
import { stateMachineService } from './state-machine/index.ts';
import { userService } from './user/index.ts';
import { ventureService } from './venture/index.ts';
import { websocketService } from './websocket/index.ts';

// What process roots need of single services.
export { boardLogin, bootstrapAdmin } from './auth/index.ts';
export { fillNamePrefixes } from './user/index.ts';
export { mayReadFeed } from './websocket/index.ts';

/** Every service of this version, in the order of their numbers. */
export const services: readonly Service[] = [
  userService,
  ventureService,
  gamificationService,
  authService,
  websocketService,
  stateMachineService,
];
