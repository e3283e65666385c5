// The effect that sends mails. Its work rows are written by drafts of template.ts; how mails leave is the port's affair.
import { z } from 'zod';
import { config } from '#config/env.ts';
import { put } from '../commands/command.ts';
import { defineEffect, TerminalError, type EffectDefinition, type Ended, type Retry } from '../effects/effect.ts';
import type { Service } from '../registry.ts';
import { Mails, type Mail } from './mail.model.ts';
import { mailTemplates, sendMailKind, type MailText } from './template.ts';
import { smtpMailer, type Mailer } from './smtp.ts';

// One address and nothing else: no list, no name, no line break can come in with it.
const address = z
  .string()
  .max(320)
  .regex(/^[^\s<>()[\]\\,;:"\p{Cc}]+@[^\s<>()\\,;:"@\p{Cc}]+$/u);
const mailInput = z.strictObject({ to: address, template: z.string().max(64), data: z.unknown() });
type MailInput = z.output<typeof mailInput>;

const result = (state: 'kept' | 'sent') => ({ state });
type Sent = ReturnType<typeof result>;

/** How mails are tried: through a server's night, up to some hours. */
const patience = { timeoutMs: 30_000, retry: { attempts: 16, baseMs: 2_000, maxMs: 1_800_000 } as Partial<Retry> };

function write({ template: name, data }: MailInput): MailText {
  const template = mailTemplates.get(name);
  if (!template) {
    throw new TerminalError(`There is no mail template ${name}`);
  }
  const parsed = template.data.safeParse(data);
  if (!parsed.success) {
    throw new TerminalError(`The data of a mail do not fit its template ${name}`);
  }
  return template.render(parsed.data);
}

/** What is kept of a mail: all of it where nobody was there to send it, otherwise only that and how it ended. */
function keptOf(ended: Ended<Sent>, { id, input }: { id: string; input: MailInput }, now: Date): Mail {
  const about = { _id: id, to: input.to, template: input.template, at: now };
  if (ended.state === 'dead') {
    return { ...about, subject: '', text: '', state: 'failed', problem: ended.error.message.slice(0, 200) };
  }
  const { state } = ended.result;
  return { ...about, ...(state === 'kept' ? write(input) : { subject: '', text: '' }), state };
}

/** Mails, in the shape of a service. Without a mailer they are kept, to be read on the inbox page. */
export function mailOver(mailer: Mailer | undefined, { timeoutMs, retry } = patience): Service {
  const sendMail = defineEffect<MailInput, Sent>({
    kind: sendMailKind,
    pool: 'effects',
    input: mailInput,
    timeoutMs,
    retry,
    perform: async (input, { id, signal }) => {
      const text = write(input);
      await mailer?.send({ id, to: input.to, ...text }, signal);
      return result(mailer ? 'sent' : 'kept');
    },
    settle: (ended, effect, now) => ({ writes: [put(Mails, keptOf(ended, effect, now))] }),
  });
  return { name: 'mail', effects: [sendMail as unknown as EffectDefinition] };
}

/** Mails as the environment says: through SMTP_URL, or kept. */
export const mail: Service = mailOver(config.smtp && smtpMailer(config.smtp));
