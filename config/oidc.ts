// Providers of logins (OpenID Connect), as OIDC_PROVIDERS names them. Read by config/env.ts.
import { z } from 'zod';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** https, or http to this machine; http is refused in production when the provider is called. */
const issuer = z.url({ protocol: /^https?$/u }).refine((url) => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || loopback.has(hostname);
}, 'must begin with https://');

const provider = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/u, 'may hold a-z, 0-9 and -'),
  title: z.string().min(1).max(64).optional(),
  issuer,
  clientId: z.string().min(1).max(256),
  clientSecret: z.string().min(1).max(1_024).optional(),
  scopes: z.string().max(256).default('openid email profile'),
  /** Where the provider sends people back to: a page of the front end, which posts what it was given to `finish`. */
  redirectUri: z.url({ protocol: /^https?$/u }).optional(),
});

/** A provider whose accounts log in here. */
export type OidcProvider = z.output<typeof provider>;

const list = z.array(provider).max(16);

/** OIDC_PROVIDERS: a JSON list, each name once. */
export const oidcProviders = z.string().transform((text, context): OidcProvider[] => {
  try {
    const providers = list.parse(JSON.parse(text));
    if (new Set(providers.map(({ name }) => name)).size === providers.length) {
      return providers;
    }
  } catch {
    // Said below: an error would quote the secrets in it.
  }
  context.addIssue({ code: 'custom', message: 'must be a JSON list of providers {name, issuer, clientId, …}' });
  return z.NEVER;
});
