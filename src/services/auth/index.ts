// The front door of the auth service.
import type { Service } from '#src/platform/registry.ts';
import { authRoutes } from './auth.routes.ts';

export { bootstrapAdmin } from './auth.commands.ts';
export { checkPassword } from './auth.queries.ts';

/** Logging in and out. */
export const authService: Service = { name: 'auth', routes: authRoutes };
