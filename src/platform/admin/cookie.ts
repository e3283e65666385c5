// The cookie of a browser's session. Set and read by the admin pages only: the API takes access tokens and no cookie.
import type { Context } from 'koa';
import { config } from '#config/env.ts';

// What a browser reaches over TLS gets the prefix: no other host, path or plain connection can then plant a cookie.
const isSecure = (ctx: Context): boolean => ctx.secure || (config.publicUrl?.startsWith('https://') ?? false);
const secure = { name: '__Host-admin', attributes: 'Path=/; Secure; HttpOnly; SameSite=Strict' };
const plain = { name: 'admin', attributes: 'Path=/admin; HttpOnly; SameSite=Strict' };
const longest = 512;

/** The session's secret as the browser sent it, or undefined. */
export function sessionCookie(ctx: Context): string | undefined {
  const value = ctx.cookies.get((isSecure(ctx) ? secure : plain).name);
  return value === undefined || value.length > longest ? undefined : value;
}

/** Gives the browser the secret of its session until it is closed; null takes it back. */
export function setSessionCookie(ctx: Context, token: string | null): void {
  const { name, attributes } = isSecure(ctx) ? secure : plain;
  ctx.append('Set-Cookie', `${name}=${token ?? ''}; ${attributes}${token === null ? '; Max-Age=0' : ''}`);
}
