// What those who write definitions are told of the effects they may name.
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { after, before, describe, it } from 'mocha';
import { knownEffects } from '#src/platform/machines/effects.ts';
import { Definer } from '../../support/definer.ts';
import { assertPartly } from '../../support/partly.ts';

const path = '/api/state-machines/effects';

interface Shown {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly child: boolean;
  readonly undoneBy: string | null;
}

describe('the effects that definitions may name', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
  });
  after(async () => {
    await definer.stop();
  });

  const shown = async (): Promise<Shown[]> => {
    const reply = await definer.call('GET', path);
    assert.equal(reply.status, 200, reply.text);
    return (reply.body as { data: Shown[] }).data;
  };

  it('are listed by name, with what each does, needs and takes, how it bears a repeat and what undoes it', async () => {
    const effects = await shown();
    assert.deepEqual(
      effects.map(({ name }) => name),
      [...knownEffects().keys()].toSorted(),
    );
    const [grant, signal, webhook] = ['grant-xp', 'signal', 'webhook'].map((name) =>
      effects.find((effect) => effect.name === name),
    );
    const perPerson = { idempotency: 'mongo', lane: 'the person', child: true, undoneBy: 'take-xp' };
    assertPartly(grant, { summary: 'Grant XP to somebody', needs: 'xp.grant', ...perPerson });
    assertPartly(signal, {
      needs: null,
      idempotency: 'mongo',
      lane: 'the other machine',
      child: false,
      undoneBy: null,
    });
    assertPartly(webhook, { needs: 'webhook.manage', idempotency: 'key', lane: null, child: true, undoneBy: null });
  });

  it('say what they take in JSON Schema, and are undone by effects that there are', async () => {
    const effects = await shown();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const takes = (name: string, params: object): boolean =>
      ajv.validate(effects.find((effect) => effect.name === name)?.input ?? assert.fail(name), params) as boolean;
    const grant = { userId: definer.buyer.user.id, amount: 5, reason: 'gave a talk' };
    const cases: [string, object, boolean][] = [
      ['grant-xp', grant, true],
      ['grant-xp', { ...grant, amount: 0 }, false],
      ['grant-xp', { ...grant, more: 1 }, false],
      ['signal', { type: 'lamp', id: 'l1', event: { type: 'GO', by: 'x' } }, true],
      ['signal', { type: 'lamp', id: 'l1' }, false],
      ['webhook', { endpoint: 'crm', type: 'deal.won', data: { sum: 3 } }, true],
      ['webhook', { endpoint: 'CRM', type: 'deal.won', data: {} }, false],
    ];
    assert.deepEqual(
      cases.map(([name, params]) => [name, params, takes(name, params)]),
      cases,
    );
    const names = new Set(effects.filter(({ child }) => child).map(({ name }) => name));
    assert.ok(effects.every(({ undoneBy }) => undoneBy === null || names.has(undoneBy)));
  });

  it('are for those who may register definitions', async () => {
    assert.equal((await definer.server.call('GET', path)).status, 401);
    assert.equal((await definer.call('GET', path, undefined, definer.buyer)).status, 403);
    assert.equal((await definer.call('GET', `${path}?name=emit`)).status, 422);
  });
});
