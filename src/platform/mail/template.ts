// Mails as templates: what a service wants written, by name. A command adds `draft(…)` to its work, so that a mail is a
// row of the transaction it follows from; mail.effects.ts renders and hands it over. Rows keep names and ids, never a
// secret: a link's secret is derived again when the mail is written.
import type { z } from 'zod';
import type { WorkDraft } from '../commands/command.ts';

/** A mail as it is read. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

/** One kind of mail. */
export interface MailTemplate<Data = unknown> {
  /** `<service>.<kebab-case>`. */
  readonly name: string;
  readonly data: z.ZodType<Data>;
  /** Pure: writes the mail. */
  render(data: Data): MailText;
  /** Work for a decision: one mail to this address. The same cause is the same mail, however often. */
  draft(to: string, data: Data, cause: string): WorkDraft;
}

const defined = new Map<string, MailTemplate>();

/** Every kind of mail by name. */
export const mailTemplates: ReadonlyMap<string, MailTemplate> = defined;

/** The kind of effect that sends mails. */
export const sendMailKind = 'mail.message.send';

/** Defines a kind of mail. */
export function defineMail<Data>(definition: Omit<MailTemplate<Data>, 'draft'>): MailTemplate<Data> {
  const template: MailTemplate<Data> = {
    ...definition,
    draft: (to, data, cause) => ({
      kind: sendMailKind,
      input: { to, template: definition.name, data },
      cause: `${definition.name}.${cause}`,
    }),
  };
  defined.set(definition.name, template as unknown as MailTemplate);
  return template;
}
