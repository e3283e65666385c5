// docs/automation.md: what stands there to be copied does what is said of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { machines } from '#machines/index.ts';
import '#src/services/index.ts';
import { newId } from '#src/platform/ids.ts';
import { compile, faultsOfWords } from '#src/services/state-machine/automation/automation.policy.ts';
import { newRuleBody } from '#src/services/state-machine/automation/automation.schema.ts';
import { messageOf, newSealedSecret, secretOf } from '#src/services/state-machine/webhooks/webhooks.policy.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/automation.md'), 'utf8');

interface ReceiversCheck {
  readonly isGenuine: (headers: Readonly<Record<string, string>>, body: string, secret: string) => boolean;
}

describe('docs/automation.md', () => {
  it('has a rule that is taken', () => {
    const body = /rules -H [^']*'content-type: application\/json' -d '(\{.*?\n\})'/su.exec(page)?.[1];
    const rule = newRuleBody.parse(JSON.parse(body ?? ''));
    assert.ok(!Array.isArray(compile(rule, '')));
    assert.deepEqual(
      faultsOfWords(
        rule,
        machines.find(({ type }) => type === 'onboarding'),
      ),
      [],
    );
  });

  it('has a check for receivers that knows our messages from others', async () => {
    const code = /```js\n(.*?)```/su.exec(page)?.[1] ?? '';
    const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as ReceiversCheck;
    const [secret, other] = ['orders', 'others'].map((name) =>
      secretOf({ _id: name, sealedSecret: newSealedSecret(name) }),
    ) as [string, string];
    const { headers, body } = messageOf(
      newId(),
      { type: 'order.paid', data: { of: 'Łódź' } },
      [other, secret],
      new Date(),
    );
    assert.ok(isGenuine(headers, body, secret));
    assert.ok(!isGenuine(headers, body, secretOf({ _id: 'a', sealedSecret: newSealedSecret('a') })));
    assert.ok(!isGenuine(headers, `${body} `, secret));
    assert.ok(!isGenuine({ ...headers, 'webhook-id': newId() }, body, secret));
    assert.ok(!isGenuine({ ...headers, 'webhook-timestamp': '1614265330' }, body, secret));
    assert.ok(!isGenuine({ ...headers, 'webhook-signature': 'v2,AAAA v1,AAAA' }, body, secret));
  });
});
