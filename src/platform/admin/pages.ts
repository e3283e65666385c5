// The small pages around the board: logging in and out, and a no that people can read. Server-rendered, without script.
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { escaped } from '../http/html.ts';

const style = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#cfd6df;--paper:#fff;--ground:#eef1f5;--deed:#2f5d50;--deed-ink:#fff;--bad:#a3231f;--bad-paper:#fdecea}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#9aa6b5;--line:#3a4553;--paper:#1d242d;--ground:#12171d;--deed:#8fd0bb;--deed-ink:#10211c;--bad:#ffb4ab;--bad-paper:#3b1d1b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:25rem;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;box-shadow:0 .5rem 2rem rgb(0 0 0/.08)}
.brand{display:flex;align-items:center;gap:.6rem;margin:0 0 1.25rem;color:var(--soft);font-size:.875rem;font-weight:600}
.brand svg{width:1.75rem;height:1.75rem;flex:none}
h1{margin:0 0 .25rem;font-size:1.375rem;line-height:1.25}
p{margin:0 0 1.25rem;color:var(--soft)}
label{display:block;margin:0 0 .3rem;font-size:.875rem;font-weight:600}
input{display:block;width:100%;margin:0 0 1rem;padding:.65rem .75rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:.5rem}
button,.button{display:block;width:100%;margin:.5rem 0 0;padding:.7rem 1rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;color:var(--deed-ink);background:var(--deed);border:1px solid var(--deed);border-radius:.5rem;cursor:pointer}
.button.quiet{color:var(--ink);background:transparent;border-color:var(--soft)}
:focus-visible{outline:3px solid var(--deed);outline-offset:2px}
[role=alert]{margin:0 0 1rem;padding:.65rem .75rem;color:var(--bad);background:var(--bad-paper);border-left:4px solid var(--bad);border-radius:.375rem}
small{color:var(--soft)}
main.wide{max-width:46rem;align-self:start}
main.wide form{display:flex;gap:.5rem}
main.wide form input{margin:0}
main.wide form button{width:auto;margin:0}
article{margin:1.25rem 0 0;padding:1rem 0 0;border-top:1px solid var(--line)}
article h2{margin:0;font-size:1.0625rem}
article p{margin:0 0 .5rem;font-size:.875rem;overflow-wrap:anywhere}
pre{margin:0;font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}
a{color:inherit}
`;

// Four rising columns in a square: the same mark on the page and on its tab.
const mark =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#2f5d50"/><path d="M8 24v-5M13.3 24v-9M18.6 24V11M24 24V8" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>';

/** The mark as an address, for the tabs and the board. */
export const markUrl = `data:image/svg+xml;base64,${Buffer.from(mark).toString('base64')}`;

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Answers with a page, `wide` for lists. Nothing runs on it, nothing is loaded, no other page may frame it, and no cache keeps it. */
export function sendPage(ctx: Context, status: number, title: string, content: string, layout: 'wide' | '' = ''): void {
  ctx.status = status;
  ctx.type = 'text/html; charset=utf-8';
  ctx.set('Content-Security-Policy', policy);
  ctx.set('Cache-Control', 'no-store');
  // With `no-referrer`, helmet's choice, browsers send the forms with `Origin: null`.
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)} · SmartStart Brain</title>
<link rel="icon" href="${markUrl}">
<style>${style}</style>
</head>
<body>
<main${layout === '' ? '' : ` class="${layout}"`}>
<p class="brand">${mark}<span>SmartStart Brain</span></p>
<h1>${escaped(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

/** The login. `problem` is a sentence about what was wrong before; `email` is filled in again, the password never. */
export function sendLogin(
  ctx: Context,
  status: number,
  { next, email = '', problem }: { next: string; email?: string; problem?: string },
): void {
  const wrong = problem === undefined ? '' : 'aria-invalid="true" aria-describedby="problem" ';
  const focus = (on: boolean): string => (on ? ' autofocus' : '');
  sendPage(
    ctx,
    status,
    'Log in',
    `<p>These pages are for accounts that may see them.</p>
${problem === undefined ? '' : `<div role="alert" id="problem">${escaped(problem)}</div>`}
<form method="post" action="/admin/login">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="email">E-mail address</label>
<input ${wrong}id="email" name="email" type="email" value="${escaped(email)}" autocomplete="username" maxlength="320" required${focus(email === '')}>
<label for="password">Password</label>
<input ${wrong}id="password" name="password" type="password" autocomplete="current-password" required${focus(email !== '')}>
<label for="code">Code of your authenticator app, if you have one</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="64">
<button type="submit">Log in</button>
</form>`,
  );
}

const logoutForm = '<form method="post" action="/admin/logout"><button type="submit">Log out</button></form>';

/** Asks before it logs out: a link alone must change nothing. */
export function sendLogout(ctx: Context): void {
  sendPage(
    ctx,
    200,
    'Log out?',
    `<p>This ends the session of this browser at once. Your other sessions go on.</p>
${logoutForm}
<a class="button quiet" href="/admin/queues">Back to the queues</a>`,
  );
}

/** A no for people: what is wrong, and the ways out. */
export function sendRefusal(ctx: Context, status: number, title: string, detail: string): void {
  const requestId = escaped(String(ctx.state['requestId']));
  const out = ctx.state['caller'] === undefined ? '<a class="button" href="/admin/queues">Log in</a>' : logoutForm;
  sendPage(ctx, status, title, `<p>${escaped(detail)}</p>\n${out}\n<p><small>Request ${requestId}</small></p>`);
}
