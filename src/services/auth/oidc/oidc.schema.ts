// Inputs and outputs of logins of other providers.
import { z } from 'zod';
import { pageOf } from '#src/platform/http/cursor.ts';
import { emailAddress, personName } from '#src/services/user/index.ts';
import { act, mailedToken } from '../auth.schema.ts';

/** `/api/auth/oidc/:provider/…`. */
export const providerParams = z.strictObject({ provider: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/u) });

/** `GET /api/auth/oidc`. */
export const providerPage = pageOf(
  z.strictObject({ name: z.string(), title: z.string() }).meta({ id: 'OidcProvider' }),
);

/** Where to send the browser, and what to keep until it comes back. */
export const started = z
  .strictObject({
    authorizationUrl: z.string(),
    flow: z.string().describe('Keep it where only this browser or app reads it; `finish` takes it'),
  })
  .meta({ id: 'OidcFlow' });

/** `POST …/finish`: the flow, and what the provider put into the address it sent the browser back to. */
export const finish = z.strictObject({
  flow: z.string().min(1).max(2_048),
  code: z.string().min(1).max(4_096),
  state: z.string().min(1).max(256),
  iss: z.string().max(512).optional(),
});

/** The same for a login, which may make an account with an invitation. */
export const finishLogin = finish.extend({ inviteToken: mailedToken.optional() });

/** `GET /api/auth/oidc/links`. */
export const linkPage = pageOf(
  z.strictObject({ provider: z.string(), linkedAt: z.iso.datetime() }).meta({ id: 'OidcLink' }),
);

/** Inputs of the commands of this area. */
export const inputs = {
  register: z.strictObject({ email: emailAddress, name: personName, invitationId: z.string().max(64).optional() }),
  link: z.strictObject({ act, id: z.string(), provider: z.string() }),
  unlink: z.strictObject({ act, ids: z.array(z.string()).max(100) }),
};
