// The requests of docs/machines.md, sent as they stand there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { assertPartly } from '../../support/partly.ts';

const page = readFileSync(new URL('../../../docs/machines.md', import.meta.url), 'utf8');

function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gmsu'))].map(([, block]) => block ?? '');
}

describe('the requests of docs/machines.md', function () {
  this.timeout(30_000);
  let definer: Definer;
  let people: Readonly<Record<string, LoggedIn>>;

  before(async () => {
    definer = await Definer.start();
    const [ada, bob] = [await registerSomebody(definer.server, 'Ada'), await registerSomebody(definer.server, 'Bob')];
    people = { 'an admin': definer.admin, Ada: ada, Bob: bob };
  });
  after(async () => {
    await definer.stop();
  });

  it('are answered as the page says', async () => {
    const [definition = ''] = blocksOf('json');
    const filled = (text: string): unknown =>
      JSON.parse(
        text
          .replaceAll('DEFINITION', () => definition)
          .replaceAll('ADA', people['Ada']?.user.id ?? '')
          .replaceAll('BOB', people['Bob']?.user.id ?? ''),
      );
    let by: LoggedIn | undefined;
    let sent = 0;
    for (const line of blocksOf('http').flatMap((block) => block.trim().split('\n'))) {
      if (line.startsWith('# ')) {
        by = people[line.slice(2)];
        assert.ok(by, line);
        continue;
      }
      const [, method = '', path = '', body = '', status = '', part = ''] =
        /^(GET|POST) (\S+) ?(\{.*\})? → (\d{3}) (\{.*\})$/u.exec(line) ?? [];
      const reply = await definer.call(method, path, body === '' ? undefined : filled(body), by);
      assert.equal(reply.status, Number(status), `${line}\n${reply.text}`);
      assertPartly(reply.body, filled(part), line);
      sent += 1;
    }
    assert.ok(sent >= 10, String(sent));
    // And the effect of the last step is done: who had it signed has points for it.
    await eventually(async () => {
      const path = `/api/gamification/xp/${people['Ada']?.user.id ?? ''}`;
      assertPartly((await definer.call('GET', path)).body, { xp: 50 });
    });
  });
});
