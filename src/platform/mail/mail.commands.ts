// Sends mails. The kind of a mail's work row is written by drafts of template.ts.
import { z } from 'zod';
import { defineCommand, insert } from '../commands/command.ts';
import type { Service } from '../registry.ts';
import { Mails, type Mail } from './mail.model.ts';
import { mailTemplates, sendMailKind } from './template.ts';

const mailInput = z.strictObject({ to: z.string().max(320), template: z.string().max(64), data: z.unknown() });

/** Writes a mail and keeps it. */
const sendMail = defineCommand({
  kind: sendMailKind,
  pool: 'operations',
  input: mailInput,
  key: ({ to }) => `mail.${to}`,
  load: async () => await Promise.resolve(),
  decide: (_state, { id, input: { to, template: name, data } }, now) => {
    const template = mailTemplates.get(name);
    if (!template) {
      throw new Error(`There is no mail template ${name}`);
    }
    const { subject, text } = template.render(template.data.parse(data));
    const kept: Mail = { _id: id, to, template: name, subject, text, state: 'kept', at: now };
    return { writes: [insert(Mails, kept)], result: { state: kept.state } };
  },
});

/** Mails, in the shape of a service. */
export const mail: Service = { name: 'mail', commands: [sendMail] };
