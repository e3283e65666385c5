// The workers' real root with one mail template more, for mails that tests ask for by themselves. Spawned by
// test/e2e/mail.test.ts in place of workers/main.ts.
import { z } from 'zod';
import { defineMail } from '#src/platform/mail/template.ts';

defineMail({
  name: 'mail.check',
  data: z.strictObject({}),
  render: () => ({ subject: 'A check', text: 'Nothing has to be done.' }),
});

await import('#workers/main.ts');
