// The inbox page at /admin/mails: mails that no server took, to be read here with their links, and how the others ended.
// Mounted by queue-board.ts behind the admin pages' door.
import type { Context } from 'koa';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { escaped } from '../http/html.ts';
import { problems } from '../errors.ts';
import { Mails, type Mail } from '../mail/mail.model.ts';
import { linked } from '../mail/text-html.ts';
import { admit, allowMethods } from './door.ts';
import { sendPage } from './pages.ts';

/** Where the page is. */
export const mailsPath = '/admin/mails';

const shown = 50;
const query = z.strictObject({ to: z.string().max(320).optional(), before: z.uuid().optional() });

/** Answers with the newest mails, or those to addresses that hold what was looked for. */
export async function showMails(ctx: Context): Promise<void> {
  allowMethods(ctx, ['GET', 'HEAD']);
  if (!(await admit(ctx, 'mail.read'))) {
    return;
  }
  const asked = query.safeParse({ ...ctx.query });
  if (!asked.success) {
    throw problems.malformed('The page takes `to`, a part of an address, and `before`, the id of a mail');
  }
  const { to = '', before } = asked.data;
  const found = await Mails.native()
    .find(
      {
        ...(to === '' ? {} : { to: { $regex: to.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`), $options: 'i' } }),
        ...(before === undefined ? {} : { _id: { $lt: before } }),
      },
      { sort: { _id: -1 }, limit: shown + 1, maxTimeMS: limits.mongoMs },
    )
    .toArray();
  sendPage(ctx, 200, 'Mails', contentOf(found, to), 'wide');
}

function contentOf(found: readonly Mail[], to: string): string {
  const mails = found.slice(0, shown);
  const days = retention.mailsMs / 86_400_000;
  const last = mails.at(-1);
  const older =
    found.length > shown && last
      ? `<p><a href="${mailsPath}?${escaped(new URLSearchParams({ ...(to === '' ? {} : { to }), before: last._id }))}">Older mails</a></p>`
      : '';
  const none = to === '' ? 'No mail was written yet.' : 'No mail went to such an address.';
  return `<p>Mails of the last ${days} days, newest first. Without a mail server they stay here, to be read.</p>
<form method="get" action="${mailsPath}"><input name="to" type="search" aria-label="Address" placeholder="Address" maxlength="320" value="${escaped(to)}"><button type="submit">Search</button></form>
${mails.length === 0 ? `<p>${none}</p>` : mails.map(articleOf).join('\n')}
${older}`;
}

const words: Readonly<Record<Mail['state'], string>> = { kept: 'kept here', sent: 'sent', failed: 'failed' };

function articleOf({ _id, to, template, subject, text, state, problem, at }: Mail): string {
  const how = problem === undefined ? words[state] : `${words[state]}: ${problem}`;
  return `<article id="${escaped(_id)}"><h2>${escaped(subject === '' ? template : subject)}</h2>
<p>To ${escaped(to)} · <time datetime="${at.toISOString()}">${at.toISOString().replace('T', ' ').slice(0, 19)} UTC</time> · ${escaped(how)}</p>
${text === '' ? '' : `<pre>${linked(text)}</pre>`}</article>`;
}
