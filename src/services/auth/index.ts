// The front door of the auth service.
import { sessionEndings } from '#src/platform/auth/session-endings.ts';
import type { Service } from '#src/platform/registry.ts';
import { apiKeyCommands } from './api-keys/api-keys.commands.ts';
import { apiKeyRoutes } from './api-keys/api-keys.routes.ts';
import { registerAccount } from './auth.commands.ts';
import { authRoutes } from './auth.routes.ts';
import { factorCommands } from './factors/factors.commands.ts';
import { factorRoutes } from './factors/factors.routes.ts';
import { oidcCommands } from './oidc/oidc.commands.ts';
import { oidcRoutes } from './oidc/oidc.routes.ts';
import { passkeyCommands } from './passkeys/passkeys.commands.ts';
import { passkeyRoutes } from './passkeys/passkeys.routes.ts';
import { witnessSessions } from './security/security.model.ts';
import { securityRoutes } from './security/security.routes.ts';
import { sessionCommands } from './sessions/sessions.commands.ts';
import { sessionRoutes } from './sessions/sessions.routes.ts';
import { emailCommands } from './emails/emails.commands.ts';
import { emailRoutes } from './emails/emails.routes.ts';
import { invitationCommands } from './invitations/invitations.commands.ts';
import { invitationRoutes } from './invitations/invitations.routes.ts';
import { passwordCommands } from './passwords/passwords.commands.ts';
import { passwordRoutes } from './passwords/passwords.routes.ts';
import './auth.personal.ts';

export { bootstrapAdmin } from './auth.commands.ts';
export { checkPassword } from './auth.queries.ts';
export { boardLogin } from './factors/factors.workflow.ts';
export { setProviders } from './oidc/oidc.workflow.ts';

witnessSessions();

/** Logging in and out, sessions, passwords, addresses, invitations. */
export const authService: Service = {
  name: 'auth',
  routes: [
    ...authRoutes,
    ...sessionRoutes,
    ...securityRoutes,
    ...passwordRoutes,
    ...emailRoutes,
    ...invitationRoutes,
    ...factorRoutes,
    ...passkeyRoutes,
    ...apiKeyRoutes,
    ...oidcRoutes,
  ],
  commands: [
    registerAccount,
    ...sessionCommands,
    ...passwordCommands,
    ...emailCommands,
    ...invitationCommands,
    ...factorCommands,
    ...passkeyCommands,
    ...apiKeyCommands,
    ...oidcCommands,
  ],
  projections: [sessionEndings],
};
