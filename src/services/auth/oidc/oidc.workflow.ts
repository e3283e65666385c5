// Logging in elsewhere: the authorization code flow of OpenID Connect with PKCE, state and nonce. What has to come back
// is sealed into `flow`, which whoever began keeps and gives again: apps and front ends of other origins have no cookie of
// ours, and somebody who is handed a foreign `code` has no flow that fits it.
import * as client from 'openid-client';
import { z } from 'zod';
import { factorRules } from '#config/auth.ts';
import { config } from '#config/env.ts';
import type { OidcProvider } from '#config/oidc.ts';
import { spendOnce } from '#src/platform/auth/tickets.ts';
import { unavailable } from '#src/platform/errors.ts';
import type { RouteRequest } from '#src/platform/http/route.ts';
import { sha256 } from '#src/platform/ids.ts';
import { logFor } from '#src/platform/log.ts';
import { seal, unseal } from '#src/platform/secrets.ts';
import { findAccount, findByEmail, personName, type AccountView } from '#src/services/user/index.ts';
import { authProblems } from '../auth.errors.ts';
import { registrationRefusal } from '../auth.policy.ts';
import { actOf } from '../auth.workflow.ts';
import { findInvitation } from '../invitations/invitations.queries.ts';
import { linkIdentity, registerProved } from './oidc.commands.ts';
import { oidcProblems } from './oidc.errors.ts';
import { findIdentity } from './oidc.queries.ts';
import type { finish, started } from './oidc.schema.ts';

type Request = Pick<RouteRequest<unknown, unknown, unknown>, 'ip' | 'header' | 'submit' | 'caller'>;

const log = logFor('oidc');
const challenge = { headers: { 'WWW-Authenticate': 'Bearer' } };
let providers: ReadonlyMap<string, OidcProvider> = new Map();
const discovered = new Map<string, Promise<client.Configuration>>();

/** Says which providers there are: those of the environment, unless a process knows better. */
export function setProviders(list: readonly OidcProvider[]): void {
  providers = new Map(list.map((provider) => [provider.name, provider]));
  discovered.clear();
}
setProviders(config.oidcProviders);

/** Every provider, as a login page names them. */
export function listProviders(): { name: string; title: string }[] {
  return [...providers.values()].map(({ name, title }) => ({ name, title: title ?? name }));
}

/** A fetch that stops reading an answer that is too long; `timeout` of the configuration bounds its time. */
async function boundedFetch(url: string, options: client.CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, options as RequestInit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > factorRules.providerBytes) {
      throw new Error('The provider answered with too many bytes');
    }
    chunks.push(chunk as Uint8Array);
  }
  const bare = [204, 205, 304].includes(response.status);
  const { status, statusText, headers } = response;
  return new Response(bare ? null : Buffer.concat(chunks), { status, statusText, headers });
}

async function discover({ issuer, clientId, clientSecret }: OidcProvider): Promise<client.Configuration> {
  const insecure = issuer.startsWith('http:') && config.nodeEnv !== 'production';
  const authentication = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
  return await client.discovery(new URL(issuer), clientId, {}, authentication, {
    timeout: factorRules.providerMs / 1_000,
    [client.customFetch]: boundedFetch,
    ...(insecure ? { execute: [client.allowInsecureRequests] } : {}),
  });
}

/** What the provider says of itself, asked once. Errors: `auth.no-such-provider`, `server.unavailable`. */
async function configurationOf(name: string): Promise<{ provider: OidcProvider; server: client.Configuration }> {
  const provider = providers.get(name);
  if (!provider) {
    throw oidcProblems.noProvider();
  }
  const asked = discovered.get(name) ?? discover(provider);
  discovered.set(name, asked);
  try {
    return { provider, server: await asked };
  } catch (error) {
    discovered.delete(name);
    throw unavailable(error, `The provider ${name} does not answer as it should; try again`);
  }
}

const redirectUriOf = ({ name, redirectUri }: OidcProvider): string =>
  redirectUri ?? `${(config.publicUrl ?? `http://localhost:${config.port}`).replace(/\/+$/u, '')}/oidc/${name}`;

const flowState = z.strictObject({ state: z.string(), nonce: z.string(), verifier: z.string(), expiresAt: z.number() });

/** What a flow is for: `login`, or linking to one account. A flow of one is no good for the other. */
const boundTo = (provider: string, userId: string): string =>
  `${provider} ${userId === '' ? 'login' : `link ${userId}`}`;

/** Begins a login at a provider, or, with a user, linking one. Errors as configurationOf. */
export async function start(name: string, userId = ''): Promise<z.output<typeof started>> {
  const { provider, server } = await configurationOf(name);
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(server, {
    redirect_uri: redirectUriOf(provider),
    response_type: 'code',
    scope: provider.scopes,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const kept: z.output<typeof flowState> = { state, nonce, verifier, expiresAt: Date.now() + factorRules.ticketMs };
  return { authorizationUrl: url.href, flow: seal('oidc-flow', JSON.stringify(kept), boundTo(name, userId)) };
}

const claimsOf = z.object({
  sub: z.string().min(1).max(255),
  email: z.email().max(254).optional(),
  email_verified: z.boolean().optional(),
  name: z.string().max(1_000).optional(),
});

/** Somebody the provider vouches for. */
interface Person {
  /** The id of their Identity. */
  readonly id: string;
  /** Only where the provider says that it is theirs. */
  readonly email: string | undefined;
  readonly name: string | undefined;
}

/** Completes a flow at the provider, once. Errors: `auth.oidc-refused`, and those of configurationOf. */
export async function complete(name: string, given: z.output<typeof finish>, userId = ''): Promise<Person> {
  const { provider, server } = await configurationOf(name);
  const opened = unseal('oidc-flow', given.flow, boundTo(name, userId));
  const flow = opened === null ? null : flowState.parse(JSON.parse(opened));
  // By its state, not by its text: the same bytes can be written in several ways.
  const fresh =
    flow !== null &&
    flow.expiresAt > Date.now() &&
    flow.state === given.state &&
    (await spendOnce('oidc-used', flow.state, new Date(flow.expiresAt)));
  if (!fresh) {
    throw oidcProblems.refused(undefined, challenge);
  }
  const back = new URL(redirectUriOf(provider));
  const { code, state, iss } = given;
  back.search = new URLSearchParams({ code, state, ...(iss === undefined ? {} : { iss }) }).toString();
  try {
    const tokens = await client.authorizationCodeGrant(server, back, {
      pkceCodeVerifier: flow.verifier,
      expectedState: flow.state,
      expectedNonce: flow.nonce,
      idTokenExpected: true,
    });
    const inToken = claimsOf.parse(tokens.claims());
    const asked = inToken.email === undefined && server.serverMetadata().userinfo_endpoint !== undefined;
    const claims = asked
      ? claimsOf.parse(await client.fetchUserInfo(server, tokens.access_token, inToken.sub))
      : inToken;
    const email = claims.email_verified === true ? claims.email : undefined;
    return { id: sha256(`${server.serverMetadata().issuer}\n${inToken.sub}`), email, name: claims.name };
  } catch (error) {
    log.info({ provider: name, reason: String(error) }, 'A login at a provider was not completed');
    throw oidcProblems.refused(undefined, { ...challenge, cause: error });
  }
}

async function link(person: Person, account: AccountView, provider: string, request: Request): Promise<void> {
  const act = actOf(account, request, request.caller.sessionId);
  await request.submit(linkIdentity, { act, id: person.id, provider });
}

/**
 * The account of somebody who completed a login: the one they are linked to, else the one whose owner proved to have
 * the address that the provider proved too, else a new one where the registration mode allows it. An account whose address
 * nobody proved may have been made by a stranger who waits for its owner: it has to be logged in to before it is linked.
 * Errors: `auth.oidc-email-unverified`, `auth.oidc-not-linked`, those of registering, `auth.account-suspended`.
 */
export async function accountFor(
  person: Person,
  provider: string,
  request: Request,
  inviteToken?: string,
): Promise<AccountView> {
  const identity = await findIdentity(person.id);
  if (identity) {
    const account = await findAccount(identity.userId);
    if (!account) {
      throw authProblems.accountSuspended();
    }
    return account;
  }
  if (person.email === undefined) {
    throw oidcProblems.unverified();
  }
  const known = await findByEmail(person.email);
  if (known && !known.verified) {
    throw oidcProblems.notLinked();
  }
  if (known?.active === false) {
    throw authProblems.accountSuspended();
  }
  const account = known?.account ?? (await register(person, person.email.toLowerCase(), request, inviteToken));
  await link(person, account, provider, request);
  return account;
}

async function register(
  person: Person,
  email: string,
  request: Request,
  inviteToken: string | undefined,
): Promise<AccountView> {
  const refusal = registrationRefusal(config.registration, inviteToken !== undefined);
  if (refusal) {
    throw refusal;
  }
  const invitation = inviteToken === undefined ? null : await findInvitation(inviteToken, email);
  if (inviteToken !== undefined && !invitation) {
    throw authProblems.invitationRefused();
  }
  const name = personName.safeParse(person.name);
  const given = { email, name: name.success ? name.data : (email.split('@')[0] ?? email) };
  const invited = invitation ? { invitationId: invitation._id } : {};
  const {
    id,
    name: shown,
    roles,
    ...made
  } = (await request.submit(registerProved, { ...given, ...invited })).body as AccountView;
  return { id, name: shown, roles, email: made.email };
}

/** Links somebody who completed a flow to the account of the caller. Errors: `auth.oidc-taken`. */
export async function linkTo(account: AccountView, person: Person, provider: string, request: Request): Promise<void> {
  await link(person, account, provider, request);
}
