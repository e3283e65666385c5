// Whose page sends this? The check of every admin request that may change something, beside the cookie's SameSite.
import type { Context } from 'koa';
import { config } from '#config/env.ts';
import { defineProblem } from '../errors.ts';
import { headerOf } from '../http/request-id.ts';

/** The admin pages' own problem; others are those of any door. */
export const crossSite = defineProblem('admin.cross-site', 403, 'Only the admin pages themselves may send this');

const harmless = new Set(['GET', 'HEAD']);

/** True for methods that may change something. */
export function isUnsafe(ctx: Context): boolean {
  return !harmless.has(ctx.method);
}

function isOwn(ctx: Context, origin: string): boolean {
  // Not `ctx.origin`: where the header `Origin` is there, Koa gives that.
  return (
    origin === `${ctx.protocol}://${ctx.host}` ||
    (config.publicUrl !== undefined && origin === new URL(config.publicUrl).origin)
  );
}

/**
 * Refuses what another site's page sends, and what does not say where it comes from: browsers send `Origin` with every
 * unsafe request, and `Sec-Fetch-Site` wherever the connection is trusted. @throws admin.cross-site
 */
export function refuseCrossSite(ctx: Context): void {
  const origin = headerOf(ctx, 'origin');
  const site = headerOf(ctx, 'sec-fetch-site');
  if (origin === undefined || !isOwn(ctx, origin) || (site !== undefined && site !== 'same-origin')) {
    throw crossSite();
  }
}

const start = '/admin/queues';

/** Where to go after the login: `next` where it is one of the admin pages of this host, else the board. */
export function safeNext(next: string | undefined): string {
  if (next === undefined || next.length > 1_024 || !/^\/admin\/[\x21-\x7e]*$/u.test(next) || next.includes('\\')) {
    return start;
  }
  const here = 'http://here.invalid';
  const url = new URL(next, here);
  const pages = [start, '/admin/mails'];
  const known =
    url.origin === here && pages.some((page) => url.pathname === page || url.pathname.startsWith(`${page}/`));
  return known ? url.pathname + url.search : start;
}
