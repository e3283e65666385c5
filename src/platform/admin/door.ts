// The door of the admin pages: logging in and out with a cookie, and who may enter. Its sessions are sessions like any
// other; their end, or the loss of a role, counts from the next request on. Mounted by queue-board.ts.
import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { givenPassword } from '../auth/passwords.ts';
import { findBrowserSession, openBrowserSession } from '../auth/browser-sessions.ts';
import { endSession } from '../auth/session-endings.ts';
import { AppError, problems } from '../errors.ts';
import { callerOf } from '../http/authenticate.ts';
import { asAppError, sendProblem } from '../http/problem.ts';
import { headerOf } from '../http/request-id.ts';
import type { Caller } from '../http/route.ts';
import { sessionCookie, setSessionCookie } from './cookie.ts';
import { sendLogin, sendLogout, sendRefusal } from './pages.ts';
import { isUnsafe, refuseCrossSite, safeNext } from './same-site.ts';

/**
 * Checks an e-mail address, a password and, where the account has a second factor, its code: the account, or null.
 * Errors: what the login page says instead.
 */
export type CheckPassword = (
  email: string,
  password: string,
  peer: { readonly ip: string; readonly userAgent: string; readonly code: string },
) => Promise<{ readonly id: string } | null>;

const form = z.strictObject({
  email: z.string().max(320),
  password: givenPassword,
  code: z.string().trim().max(64).default(''),
  next: z.string().max(1_024).optional(),
});

const readForm = bodyParser({
  enableTypes: ['form'],
  formLimit: '8kb',
  encoding: 'utf-8',
  onError: () => {
    throw problems.malformed('The form could not be read');
  },
});

// What RFC 9110 wants beside a 401, in the words of the draft for cookies: no browser asks for a password itself.
const challenge = 'Cookie realm="admin", form-action="/admin/login"';

/** True where a person looks at the answer, and not the page's script. */
export function isNavigation(ctx: Context): boolean {
  const mode = headerOf(ctx, 'sec-fetch-mode');
  return mode === undefined ? /\btext\/html\b/u.test(headerOf(ctx, 'accept') ?? '') : mode === 'navigate';
}

async function enter(ctx: Context): Promise<Caller | null> {
  const token = sessionCookie(ctx);
  const session = token === undefined ? null : await findBrowserSession(token);
  const caller = session && (await callerOf(session));
  if (caller) {
    ctx.state['caller'] = caller;
  }
  return caller;
}

/**
 * The caller of a page behind the login, with the permission. Null where the answer is given already: a browser that is
 * not logged in was sent to the login. Errors: auth.unauthenticated, auth.forbidden.
 */
export async function admit(ctx: Context, permission: string): Promise<Caller | null> {
  const caller = await enter(ctx);
  if (!caller && isNavigation(ctx) && !isUnsafe(ctx)) {
    seeOther(ctx, `/admin/login?next=${encodeURIComponent(ctx.url)}`);
    return null;
  }
  if (!caller) {
    const detail = 'You are not logged in any more: load the page again';
    throw problems.unauthenticated(detail, { headers: { 'WWW-Authenticate': challenge } });
  }
  if (!caller.can(permission)) {
    throw problems.forbidden(`This needs the permission ${permission}`);
  }
  return caller;
}

async function logIn(ctx: Context, checkPassword: CheckPassword): Promise<void> {
  await readForm(ctx, async () => await Promise.resolve());
  const parsed = form.safeParse(ctx.request.body);
  if (!parsed.success) {
    sendLogin(ctx, 422, { next: safeNext(undefined), problem: 'Fill in the e-mail address and the password.' });
    return;
  }
  const { email, password, code } = parsed.data;
  const next = safeNext(parsed.data.next);
  const userAgent = headerOf(ctx, 'user-agent') ?? '';
  const account = await checkPassword(email, password, { ip: ctx.ip, userAgent, code }).catch((error: unknown) => {
    if (error instanceof AppError && error.problem.status < 500) {
      const { status, title, detail } = error.problem;
      ctx.set(status === 401 ? { 'WWW-Authenticate': challenge } : error.headers);
      sendLogin(ctx, status, { next, email, problem: `${detail ?? title}.` });
      return 'answered' as const;
    }
    throw error;
  });
  if (account === 'answered') {
    return;
  }
  if (!account) {
    ctx.set('WWW-Authenticate', challenge);
    sendLogin(ctx, 401, { next, email, problem: 'E-mail address or password is wrong.' });
    return;
  }
  // Whoever logs in again has one session on this browser, not two.
  const before = await enter(ctx);
  const token = await openBrowserSession({ userId: account.id, userAgent, ip: ctx.ip });
  if (before) {
    await endSession(before.sessionId);
  }
  setSessionCookie(ctx, token);
  seeOther(ctx, next);
}

async function logOut(ctx: Context): Promise<void> {
  const caller = await enter(ctx);
  if (caller) {
    await endSession(caller.sessionId);
  }
  setSessionCookie(ctx, null);
  seeOther(ctx, '/admin/login');
}

function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.set('Location', path);
  ctx.set('Cache-Control', 'no-store');
}

const pageMethods = ['GET', 'HEAD', 'POST'];

/** Lets these methods pass, unsafe ones only from the admin pages. Errors: request.method-not-allowed, admin.cross-site. */
export function allowMethods(ctx: Context, methods: readonly string[]): void {
  if (!methods.includes(ctx.method)) {
    const allow = methods.join(', ');
    throw problems.methodNotAllowed(`${ctx.path} takes ${allow}`, { headers: { Allow: allow } });
  }
  if (isUnsafe(ctx)) {
    refuseCrossSite(ctx);
  }
}

/** A problem as a page where a person looks, and as JSON, with the sentence the board shows, where its script asked. */
function answerProblem(ctx: Context, error: AppError): void {
  const { status, title, detail } = error.problem;
  if (!isNavigation(ctx)) {
    sendProblem(ctx, new AppError({ ...error.problem, extensions: { error: detail } }, error));
    return;
  }
  ctx.set(error.headers);
  sendRefusal(ctx, status, title, detail);
}

/** `/admin/login` and `/admin/logout`, and readable answers for everything under `/admin/` that is refused. */
export function createDoor(checkPassword: CheckPassword, pages: Middleware): Middleware {
  const answer: Middleware = async (ctx, next) => {
    const { path } = ctx;
    if (path !== '/admin/login' && path !== '/admin/logout') {
      await pages(ctx, next);
      return;
    }
    allowMethods(ctx, pageMethods);
    if (path === '/admin/logout') {
      await (isUnsafe(ctx) ? logOut(ctx) : Promise.resolve(sendLogout(ctx)));
    } else if (isUnsafe(ctx)) {
      await logIn(ctx, checkPassword);
    } else {
      const given = ctx.query['next'];
      sendLogin(ctx, 200, { next: safeNext(typeof given === 'string' ? given : undefined) });
    }
  };
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/admin/')) {
      await next();
      return;
    }
    try {
      await answer(ctx, next);
    } catch (thrown) {
      const error = asAppError(thrown);
      if (error.problem.status >= 500) {
        throw thrown;
      }
      answerProblem(ctx, error);
    }
  };
}
