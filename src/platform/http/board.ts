// Bull Board: a page to look at the queues, for people who may (`queue.read`). Read only; behind HTTP Basic with the
// same e-mail and password as the API. Mounted by app.ts before the routes.
import { createHash } from 'node:crypto';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { KoaAdapter } from '@bull-board/koa';
import type { Queue } from 'bullmq';
import type { Context, Middleware } from 'koa';
import helmet from 'koa-helmet';
import { LRUCache } from 'lru-cache';
import { boardAccess } from '#config/auth.ts';
import { permissionsOf } from '../auth/permissions.ts';
import { headerOf } from './request-id.ts';

const basePath = '/admin/queues';

/** Checks an e-mail address and a password: the roles of the account, or null. */
export type CheckPassword = (email: string, password: string) => Promise<{ readonly roles: readonly string[] } | null>;

/** E-mail and password of an HTTP Basic header (RFC 7617), or null. */
function credentialsIn(header: string): [email: string, password: string] | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,2048})$/iu.exec(header)?.[1];
  if (encoded === undefined) {
    return null;
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? null : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Says whether a Basic header opens the board. Right ones are remembered by their digest, so that not every asset costs a hash. */
function createGate(checkPassword: CheckPassword): (header: string | undefined) => Promise<boolean> {
  const right = new LRUCache<string, true>({ max: boardAccess.remembered, ttl: boardAccess.rememberedMs });
  return async (header) => {
    const credentials = header === undefined ? null : credentialsIn(header);
    if (header === undefined || credentials === null) {
      return false;
    }
    const digest = createHash('sha256').update(header).digest('base64');
    if (right.has(digest)) {
      return true;
    }
    const account = await checkPassword(...credentials);
    const may = account !== null && (await permissionsOf(account.roles)).has('queue.read');
    if (may) {
      right.set(digest, true);
    }
    return may;
  };
}

function isForBoard(ctx: Context): boolean {
  return ctx.path === basePath || ctx.path.startsWith(`${basePath}/`);
}

// The page brings its own scripts and styles, and writes some styles inline.
const pageHeaders = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    frameAncestors: ["'none'"],
  },
});

/** The board of these queues at `/admin/queues`. Anything else passes by. */
export function createBoard(queues: readonly Queue[], checkPassword: CheckPassword): Middleware {
  const adapter = new KoaAdapter().setBasePath(basePath);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter,
  });
  const page = adapter.registerPlugin();
  const mayEnter = createGate(checkPassword);
  return async (ctx, next) => {
    if (!isForBoard(ctx)) {
      await next();
      return;
    }
    ctx.state['quiet'] = true;
    if (!(await mayEnter(headerOf(ctx, 'authorization')))) {
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Basic realm="queues", charset="UTF-8"');
      ctx.body = 'Log in with the e-mail address and password of an account that may see the queues';
      return;
    }
    await pageHeaders(ctx, async () => await page(ctx as Parameters<typeof page>[0], next));
  };
}
