// How often: counts each request by address and by account in the class of its route, says so in headers, and refuses
// what is too much. Called by app.ts and router.ts, before and after it is known who asks, and by the socket door.
import type { Context, Middleware, Next } from 'koa';
import { config } from '#config/env.ts';
import { rates, type Rate, type RateClass } from '#config/rates.ts';
import { problems } from '../errors.ts';
import { networkOf } from './network.ts';
import { RateCounter, type Counted } from './rate-counter.ts';

/**
 * Counts a request, or with null what is none, by one kind of key; answers at once where the class is not exact. Errors:
 * `request.too-many`.
 */
export type Gate = (ctx: Context | null, key: string) => void | Promise<void>;

/** What a class asks of each request: first of its address, then, where somebody is logged in, of the account. */
export interface Gates {
  readonly address: (ctx: Context) => void | Promise<void>;
  readonly account: Gate;
}

/** The gates of every class. */
export type RateLimits = Readonly<Record<RateClass, Gates>>;

/** What the headers say already: the limit of which least is left. */
const tightest = Symbol('tightest limit');

/** `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11: the tightest of the limits that count. */
function tell(ctx: Context | null, name: string, most: number, { used, resetAt }: Counted, now: number): void {
  if (!ctx) {
    return;
  }
  const left = Math.max(most - used, 0);
  const state = ctx.state as { [tightest]?: number };
  if (state[tightest] === undefined || left < state[tightest]) {
    state[tightest] = left;
    ctx.set('RateLimit', `"${name}";r=${left};t=${Math.max(Math.ceil((resetAt - now) / 1_000), 0)}`);
  }
}

function refuse(name: string, { resetAt }: Counted, now: number): never {
  const seconds = Math.max(Math.ceil((resetAt - now) / 1_000), 1);
  throw problems.tooMany(`The limit ${name} is used up; ask again in ${seconds} s`, {
    headers: { 'Retry-After': String(seconds) },
  });
}

interface Limit {
  readonly name: string;
  readonly most: number;
  readonly windowS: number;
  readonly exact: boolean;
}

function gateOf({ name, most, windowS, exact }: Limit): Gate {
  const counter = new RateCounter(name, windowS, most);
  const judge = (ctx: Context | null, counted: Counted, now: number): void => {
    tell(ctx, name, most, counted, now);
    if (counted.used > most) {
      refuse(name, counted, now);
    }
  };
  return (ctx, key) => {
    const now = Date.now();
    const before = counter.peek(key, now);
    if (before.used >= most) {
      // Not counted: whoever waits until the window ends begins anew.
      tell(ctx, name, most, before, now);
      refuse(name, before, now);
    }
    if (!exact) {
      judge(ctx, counter.count(key, now), now);
      return undefined;
    }
    return counter.countExactly(key, now).then((counted) => judge(ctx, counted, Date.now()));
  };
}

const free: Gates = { address: () => undefined, account: () => undefined };

/** The limits of a class by address and by account. */
function limitsOf(name: RateClass, rate: Rate, factor: number): readonly [address: Limit, account: Limit] {
  const limit = (of: string, most: number): Limit => ({
    name: of,
    most: Math.max(Math.round(most * factor), 1),
    windowS: rate.windowS,
    exact: rate.exact,
  });
  return [limit(`${name}-address`, rate.perAddress), limit(`${name}-account`, rate.perAccount)];
}

function gatesOf(name: RateClass, rate: Rate, factor: number): Gates {
  const [address, account] = limitsOf(name, rate, factor);
  const policy = [address, account].map((each) => `"${each.name}";q=${each.most};w=${each.windowS}`).join(', ');
  const byAddress = gateOf(address);
  return {
    address: (ctx) => {
      ctx.set('RateLimit-Policy', policy);
      return byAddress(ctx, networkOf(ctx.ip));
    },
    account: gateOf(account),
  };
}

/** The limits of a process. `factor` multiplies them all; 0: nothing is counted. */
export function createRateLimits(
  table: Readonly<Record<RateClass, Rate>> = rates,
  factor: number = config.rateFactor,
): RateLimits {
  const entries = (Object.keys(table) as RateClass[]).map(
    (name) => [name, factor === 0 ? free : gatesOf(name, table[name], factor)] as const,
  );
  return Object.fromEntries(entries) as Record<RateClass, Gates>;
}

/** How often sockets are opened and spoken on. Each of them rejects with `request.too-many`. */
export interface SocketLimits {
  /** Somebody connects from an address; who they are is not known yet. */
  connecting(address: string): Promise<void>;
  /** They are this account. */
  connected(userId: string): Promise<void>;
  /** A message of theirs. */
  spoke(address: string, userId: string): Promise<void>;
}

/** The limits of a process's socket door. `factor` as for routes. */
export function createSocketLimits(
  table: Readonly<Record<'connect' | 'message', Rate>> = rates,
  factor: number = config.rateFactor,
): SocketLimits {
  const gates = (name: 'connect' | 'message'): readonly [Gate, Gate] => {
    const [address, account] = limitsOf(name, table[name], factor);
    return factor === 0 ? [() => undefined, () => undefined] : [gateOf(address), gateOf(account)];
  };
  const [connecting, connected] = gates('connect');
  const [spokeThere, spoke] = gates('message');
  return {
    connecting: async (address) => await connecting(null, networkOf(address)),
    connected: async (userId) => await connected(null, userId),
    spoke: async (address, userId) => {
      await spokeThere(null, networkOf(address));
      await spoke(null, userId);
    },
  };
}

/** The gate of the pages under /admin/: they are no routes, and who asks is known only behind their own door. */
export function limitPages({ board, login }: RateLimits): Middleware {
  return async (ctx: Context, next: Next) => {
    if (ctx.path.startsWith('/admin/')) {
      await (ctx.path === '/admin/login' && ctx.method === 'POST' ? login : board).address(ctx);
    }
    await next();
  };
}
