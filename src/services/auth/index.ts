// The front door of the auth service.
import { provideEndingsWitness, sessionEndings } from '#src/platform/auth/session-endings.ts';
import type { Service } from '#src/platform/registry.ts';
import { authRoutes } from './auth.routes.ts';
import { witnessEndings } from './security/security.model.ts';
import { securityRoutes } from './security/security.routes.ts';
import { sessionCommands } from './sessions/sessions.commands.ts';
import { sessionRoutes } from './sessions/sessions.routes.ts';

export { bootstrapAdmin } from './auth.commands.ts';
export { checkPassword } from './auth.queries.ts';

provideEndingsWitness(witnessEndings);

/** Logging in and out. */
export const authService: Service = {
  name: 'auth',
  routes: [...authRoutes, ...sessionRoutes, ...securityRoutes],
  commands: sessionCommands,
  projections: [sessionEndings],
};
