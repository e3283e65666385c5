// A foreign provider of logins (npm oidc-provider) on this machine, and a browser that goes through it as a given person.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OidcProvider } from '#config/oidc.ts';

interface Grant {
  addOIDCScope(scope: string): void;
  save(): Promise<unknown>;
}

interface Context {
  readonly oidc: {
    readonly provider: { readonly Grant: new (of: object) => Grant };
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
  };
}

interface Foreign {
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
}

/** A person there. */
export interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

/** A running provider. */
export interface ForeignProvider {
  readonly provider: OidcProvider;
  /** Logs in as a person at the address that `start` gave; what the browser comes back with. */
  visit(authorizationUrl: string, person: Person): Promise<{ code: string; state: string; iss: string }>;
  close(): Promise<void>;
}

const redirectUri = 'https://app.example.test/oidc/local';

function configurationOf(people: ReadonlyMap<string, Person>): object {
  return {
    clients: [{ client_id: 'brain', client_secret: 'a secret of the client', redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['signs cookies'] },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => people.get(sub) }),
    loadExistingGrant: async ({ oidc }: Context) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  };
}

/** Starts a provider. */
export async function startProvider(): Promise<ForeignProvider> {
  const people = new Map<string, Person>();
  let current = '';
  let foreign: Foreign | undefined;
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/interaction/')) {
      void foreign?.interactionFinished(request, response, { login: { accountId: current } });
    } else {
      foreign?.callback()(request, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // @ts-expect-error It brings no types.
  const library: unknown = await import('oidc-provider');
  const { Provider } = library as { Provider: new (issuer: string, configuration: object) => Foreign };
  foreign = new Provider(issuer, configurationOf(people));
  return {
    provider: {
      name: 'local',
      issuer,
      clientId: 'brain',
      clientSecret: 'a secret of the client',
      scopes: 'openid email profile',
      redirectUri,
    },
    visit: async (authorizationUrl, person) => {
      people.set(person.sub, person);
      current = person.sub;
      return await walk(authorizationUrl, issuer);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Follows redirects with cookies until the provider sends the browser back. */
async function walk(from: string, issuer: string): Promise<{ code: string; state: string; iss: string }> {
  const jar = new Map<string, string>();
  let url = from;
  for (let hops = 0; hops < 10 && !url.startsWith(redirectUri); hops += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) {
      throw new Error(`The provider answered ${answer.status}: ${await answer.text()}`);
    }
    url = new URL(location, issuer).href;
  }
  const back = new URL(url).searchParams;
  return { code: back.get('code') ?? '', state: back.get('state') ?? '', iss: back.get('iss') ?? '' };
}
