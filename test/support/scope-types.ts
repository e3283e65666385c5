// Who asks on the walk over all routes (test/integration/http/scopes.test.ts), and what is known of a route.
import type { LoggedIn } from './accounts.ts';
import type { Call, Reply } from './http.ts';

/** Everybody who asks: a member shares a group with the owner, the blocked one was blocked by them. */
export const actors = ['owner', 'stranger', 'member', 'blocked', 'moderator', 'admin', 'nobody'] as const;
export type Actor = (typeof actors)[number];

/** The people of the walk, on a server with every service. */
export interface World {
  readonly people: Readonly<Record<Exclude<Actor, 'nobody'>, LoggedIn>>;
  /** Sends a request with the actor's token. */
  call(actor: Actor, method: string, path: string, call?: Omit<Call, 'token'>): Promise<Reply>;
}

/** A thing that is there, and how a request for it looks. */
export interface Made {
  /** The path's parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** With its question mark. */
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an actor must get: a success, or just this status. */
export type Answer = 'ok' | number;

/** What is known of a route. */
export interface Fixture {
  /** Makes the thing as its owner. Called anew for the refused, for the owner, and for each who may more. */
  make(world: World): Made | Promise<Made>;
  /** Where somebody gets another answer than the scope says (`byScope` in the walk), or a role opens the thing. */
  readonly answers?: Partial<Record<Actor, Answer | undefined>>;
}

/** A list, and the read of one of its things: whoever is shown it in the list can read it, with the same members. */
export interface ListFixture {
  readonly single: string;
  readonly params: (item: Readonly<Record<string, unknown>>) => Made['params'];
  /** Members both show and that must agree; all members of the list's item where it is left out. */
  readonly members?: readonly string[];
}
