// The mail port, and SMTP behind it: the only place that knows nodemailer.
import { createTransport } from 'nodemailer';
import { performing } from '#config/pools.ts';
import type { SmtpSettings } from '#config/smtp.ts';
import { RetryableError, TerminalError } from '../effects/effect.ts';
import { textAsHtml } from './text-html.ts';

/** One mail to one address. */
export interface OutgoingMail {
  /** Makes its Message-ID: the same at every attempt. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Gives mails to whoever carries them. */
export interface Mailer {
  /** Resolves when the mail was taken over. @throws TerminalError, RetryableError; neither says what the mail holds */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;
}

const times = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 };

/** A mailer over pooled connections to one server. Where TLS is required, nothing is sent without it, no password either. */
export function smtpMailer({ host, port, tls, user, password, from }: SmtpSettings): Mailer {
  const transport = createTransport({
    pool: true,
    maxConnections: performing.atOnceOfKind,
    // A broken connection is a failed attempt: who tries again, and when, is the effect's to say.
    maxRequeues: 0,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    ...times,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    send: async ({ id, to, subject, text }, signal) => {
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          messageId: `<${id}@${domain}>`,
          // A line break would begin another header.
          subject: subject.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' '),
          text,
          html: textAsHtml(text),
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        });
      } catch (error) {
        throw refusal(error as SmtpFault);
      }
    },
  };
}

/** What of nodemailer's errors is looked at. Their messages may quote addresses and replies, so they go no further. */
interface SmtpFault {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

/** Steps in which a server judges the mail, not the connection or the login. */
const judging = /^(?:MAIL FROM|RCPT TO|DATA|API)/u;

function refusal({ code = 'unknown', command = '', responseCode, response = '' }: SmtpFault): Error {
  if (responseCode === undefined) {
    return code === 'EENVELOPE'
      ? new TerminalError('The mail server cannot be given this address')
      : new RetryableError(`The mail server could not be used (${code})`);
  }
  const [, enhanced] = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/u.exec(response) ?? [];
  const reply = enhanced === undefined ? String(responseCode) : `${responseCode} ${enhanced}`;
  return responseCode >= 500 && judging.test(command)
    ? new TerminalError(`The mail server refused it: ${reply}`)
    : new RetryableError(`The mail server said ${reply} (${code})`);
}
