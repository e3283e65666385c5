// What a route is: one typed value that the router, the documents and the tests read.
import type { z } from 'zod';
import type { RateClass } from '#config/rates.ts';
import type { Permission } from '../auth/permissions.ts';
import type { CommandDefinition } from '../commands/command.ts';
import type { ProblemMaker } from '../errors.ts';
import type { Upload } from './upload.ts';

/** The media type of answers, unless a route says otherwise. */
export const json = 'application/json';

/** Who asks: taken from a checked access token and a living session. */
export interface Caller {
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  /** True where one of the caller's roles carries the permission. */
  readonly can: (permission: string) => boolean;
  /** The id of the API key it asks with, which has no session; see auth/api-keys.ts. */
  readonly apiKey?: string;
}

/** A request after every check: authenticated, permitted, parsed. */
export interface RouteRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The body on its way; undefined on routes that accept none as a stream. */
  readonly upload: Upload | undefined;
  /** The caller; on `public` routes `anonymous`, without roles and permissions. */
  readonly caller: Caller;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** Header by lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Peer address, for session lists. */
  readonly ip: string;
  /** Aborts when the client goes away before it has its answer. For routes that wait for something. */
  readonly gone: () => AbortSignal;
  /**
   * Does a command and gives its answer; see `submit` in commands/submit.ts. `status` is that of a first success, `key`
   * stands for the Idempotency-Key. Several that are submitted at once are accepted together, in their order.
   */
  readonly submit: <Input>(
    command: CommandDefinition<Input>,
    input: Input,
    status?: number,
    key?: string,
  ) => Promise<RouteAnswer>;
}

/** What goes back. */
export interface RouteAnswer {
  readonly status: number;
  /** Sent as JSON; on a route that produces another media type, a text or bytes that are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The media type of a text, where it is one of those the route also produces. */
  readonly type?: string;
}

/**
 * Whose things a route shows or changes: anybody's (`public`), one's own without naming them (`self`), those that the path
 * names and only their owner may touch (`owner`) or the members of their group (`member`), those that everybody may ask for
 * and that show themselves by what their owner allows (`visible`), or whatever a permission opens (`role`).
 */
export type Scope = 'public' | 'self' | 'owner' | 'member' | 'visible' | 'role';

/** A route with its types forgotten, as the router holds it. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As @koa/router takes it, from `/api/`. */
  readonly path: string;
  readonly summary: string;
  /** `public`, `user` (any living session), or the permission that is needed. */
  readonly auth: 'public' | 'user' | { readonly permission: Permission };
  /** Whose things it shows or changes; see Scope. */
  readonly scope: Scope;
  /** The class of its rate limit; by default `read` for GET and `write` for the rest. */
  readonly limit: RateClass;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  /** Media types of a body that is read as it comes (`upload`), instead of a JSON one. */
  readonly accepts: readonly string[];
  /** Status of success and the shape of its body; undefined where a success has none (204). */
  readonly status: number;
  readonly output: z.ZodType | undefined;
  /** Further statuses with the same body (304 with none), and when each is given. */
  readonly alsoAnswers: Readonly<Record<number, string>>;
  /** The commands it may `submit`: what they refuse with, and that they may be repeated or pending, is documented. */
  readonly commands: readonly CommandDefinition[];
  /** What it says no with by itself; what follows from auth, inputs and commands needs no mention. */
  readonly problems: readonly ProblemMaker[];
  /** Request headers it reads and answer headers it sets, each with a sentence. */
  readonly takesHeaders: Readonly<Record<string, string>>;
  readonly givesHeaders: Readonly<Record<string, string>>;
  /** Media type of a success. */
  readonly produces: string;
  /** Further media types that can be asked for, and the shape of each. */
  readonly alsoProduces: Readonly<Record<string, z.ZodType>>;
  /** Milliseconds it may wait for something, beside what every answer may take. */
  readonly mayTakeMs: number;
  /** Its successes are logged at debug only: for probes and the paths that carry the load. */
  readonly quiet: boolean;
  readonly handle: (request: RouteRequest<never, never, never>) => Promise<RouteAnswer>;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A route answers with a body of a known shape, or with none. */
type Success =
  | { readonly status: 204; readonly output?: undefined }
  | { readonly status?: number; readonly output: z.ZodType };

type Optional =
  | 'limit'
  | 'params'
  | 'query'
  | 'body'
  | 'accepts'
  | 'alsoAnswers'
  | 'commands'
  | 'problems'
  | 'takesHeaders'
  | 'givesHeaders'
  | 'produces'
  | 'alsoProduces'
  | 'mayTakeMs'
  | 'quiet';

type RouteDefinition<
  Params extends z.ZodType | undefined,
  Query extends z.ZodType | undefined,
  Body extends z.ZodType | undefined,
> = Success &
  Omit<Route, Optional | 'status' | 'output' | 'handle'> &
  Partial<Pick<Route, Optional>> & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    readonly handle: (request: RouteRequest<Parsed<Params>, Parsed<Query>, Parsed<Body>>) => Promise<RouteAnswer>;
  };

const defaults = {
  params: undefined,
  query: undefined,
  body: undefined,
  accepts: [],
  status: 200,
  output: undefined,
  alsoAnswers: {},
  commands: [],
  problems: [],
  takesHeaders: {},
  givesHeaders: {},
  produces: json,
  alsoProduces: {},
  mayTakeMs: 0,
  quiet: false,
} as const;

/** Defines a route. Its inputs are parsed before `handle` runs: a value that does not fit is 422 and changes nothing. */
export function defineRoute<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(definition: RouteDefinition<Params, Query, Body>): Route {
  return {
    ...defaults,
    limit: definition.method === 'get' ? 'read' : 'write',
    ...definition,
    handle: definition.handle as Route['handle'],
  };
}

const headerNames = new WeakMap<Route, readonly string[]>();

/** The request headers a route reads, `Prefer` among them where one of its commands has a pool. */
export function headersOf(route: Route): readonly string[] {
  let names = headerNames.get(route);
  if (!names) {
    const queued = route.commands.some(({ pool }) => pool !== 'direct');
    names = [...Object.keys(route.takesHeaders), ...(queued ? ['Prefer'] : [])];
    headerNames.set(route, names);
  }
  return names;
}
