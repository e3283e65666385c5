// Mails of the last days: what became of each. Without SMTP_URL this is where they stay, to be read on the inbox page.
import { retention } from '#config/retention.ts';
import { defineCollection } from '../mongo/collection.ts';

/** One mail. */
export interface Mail {
  /** The id of the work row that sends it; its Message-ID begins with it. */
  readonly _id: string;
  readonly to: string;
  readonly template: string;
  readonly subject: string;
  readonly text: string;
  /** `kept`: there was no mail server to give it to. Only then subject and text are here: they may hold secrets. */
  readonly state: 'kept' | 'sent' | 'failed';
  /** Why it failed: the server's reply code, never its words. */
  readonly problem?: string;
  readonly at: Date;
}

/** All mails of the last days. */
export const Mails = defineCollection<Mail>(
  'mails',
  { to: String, template: String, subject: String, text: String, state: String, problem: String, at: Date },
  [{ key: { to: 1, at: 1 } }, { key: { at: 1 }, expireAfterSeconds: retention.mailsMs / 1000 }],
);
