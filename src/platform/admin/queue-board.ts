// Bull Board at /admin/queues, behind the admin pages' door: `queue.read` to look, `queue.write` to act; each act is
// audited. It shows and moves jobs, which only wake owners up; MongoDB says what is to be done. Mounted by http/app.ts.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { KoaAdapter } from '@bull-board/koa';
import type { Queue } from 'bullmq';
import type { Context, Middleware } from 'koa';
import helmet from 'koa-helmet';
import { pools } from '#config/pools.ts';
import { audited } from '../audit/audit.ts';
import type { Submit } from '../commands/submit.ts';
import { problems } from '../errors.ts';
import type { Caller } from '../http/route.ts';
import { admit, allowMethods, createDoor, type CheckPassword } from './door.ts';
import { markUrl } from './pages.ts';
import { jobData, jobName, jobResult } from './job-view.ts';
import { actAskedFor, readActBody } from './queue-acts.ts';
import { checkReadQuery } from './queue-reads.ts';
import { mailsPath, showMails } from './mails-page.ts';
import { isUnsafe } from './same-site.ts';

const basePath = '/admin/queues';

// The page brings its own scripts and styles, and writes some styles inline.
const pageHeaders = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
});

/** A queue as the board names it: by its pool, with what that is about. */
function shown(queue: Queue, readOnly: boolean): BullMQAdapter {
  const [pool = queue.name, shard] = queue.name.split('.');
  const what = new Map(Object.entries(pools)).get(pool)?.what;
  const adapter = new BullMQAdapter(queue, {
    readOnlyMode: readOnly,
    delimiter: '.',
    displayName: shard === undefined ? pool : `${pool} · shard ${shard}`,
    description: `${what === undefined ? '' : `${what}. `}Jobs only wake the owner: pausing them stops no work.`,
  });
  adapter.setFormatter('name', jobName);
  adapter.setFormatter('data', jobData);
  adapter.setFormatter('returnValue', jobResult);
  adapter.setFormatter('progress', () => 0);
  return adapter;
}

/** Bull Board for those who look, or for those who act. */
function boardOf(queues: readonly Queue[], readOnly: boolean): Middleware {
  const adapter = new KoaAdapter().setBasePath(basePath);
  createBullBoard({
    queues: queues.map((queue) => shown(queue, readOnly)),
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: 'SmartStart Brain',
        boardLogo: { path: markUrl, width: 26, height: 26 },
        favIcon: { default: markUrl, alternative: 'static/favicon-32x32.png' },
        miscLinks: [
          { text: 'Mails', url: mailsPath },
          { text: 'Log out', url: '/admin/logout' },
        ],
        hideDocsLink: true,
        overview: { groupByDelimiter: true },
        // Owners poll: a queue without a BullMQ worker is no reason to warn.
        showWorkers: false,
        ...(readOnly ? { environment: { label: 'Read only', color: '#5b6675', textColor: '#ffffff' } } : {}),
      },
    },
  });
  return adapter.registerPlugin() as Middleware;
}

/** Bull Board's page asks another company's server for a typeface. This one tells nobody who looks at it. */
function withoutForeignFonts(ctx: Context): void {
  if (typeof ctx.body === 'string' && ctx.response.is('html')) {
    ctx.body = ctx.body.replaceAll(/<link\b[^>]*href="https?:[^>]*>/gu, '');
  }
}

/** What the board needs. */
export interface BoardParts {
  readonly queues: readonly Queue[];
  readonly checkPassword: CheckPassword;
  readonly submit: Submit;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH'];

/** The board of these queues at `/admin/queues`, the mails at `/admin/mails`, with their login at `/admin/login`. Anything else passes by. */
export function createBoard({ queues, checkPassword, submit }: BoardParts): Middleware {
  const looking = boardOf(queues, true);
  const acting = boardOf(queues, false);

  const act = async (ctx: Context, caller: Caller, show: () => Promise<void>): Promise<void> => {
    if (!caller.can('queue.write')) {
      throw problems.forbidden('This needs the permission queue.write');
    }
    const asked = actAskedFor(ctx.method, ctx.path.slice(basePath.length));
    await readActBody(ctx, asked);
    const { requestId, traceparent } = ctx.state as { requestId: string; traceparent: string | undefined };
    const outcome = (): 'done' | 'refused' | 'failed' =>
      ctx.status < 400 ? 'done' : ctx.status < 500 ? 'refused' : 'failed';
    await audited(submit, { userId: caller.userId, requestId, traceparent }, asked, outcome, show);
  };

  return createDoor(checkPassword, async (ctx, next) => {
    if (ctx.path === mailsPath) {
      await showMails(ctx);
      return;
    }
    if (ctx.path !== basePath && !ctx.path.startsWith(`${basePath}/`)) {
      await next();
      return;
    }
    ctx.state['quiet'] = !isUnsafe(ctx);
    allowMethods(ctx, methods);
    const caller = await admit(ctx, 'queue.read');
    if (!caller) {
      return;
    }
    const board = caller.can('queue.write') ? acting : looking;
    const show = async (): Promise<void> => {
      await pageHeaders(ctx, async () => await board(ctx, next));
      withoutForeignFonts(ctx);
    };
    if (!ctx.path.startsWith(`${basePath}/static/`)) {
      ctx.set('Cache-Control', 'no-store');
    }
    ctx.set('Referrer-Policy', 'same-origin');
    if (isUnsafe(ctx)) {
      await act(ctx, caller, show);
      return;
    }
    if (ctx.path.startsWith(`${basePath}/api/`)) {
      checkReadQuery(ctx);
    }
    await show();
  });
}
