// Rules as they are made, changed, tried and counted over HTTP. What they do: automation.test.ts.
/* oxlint-disable unicorn/no-thenable -- a rule's word, which nobody awaits */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { collections } from '#src/platform/mongo/collection.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, type Reply } from '../../support/http.ts';
import { onReason, RuleMaker, rulesPath, type RuleView } from '../../support/rules.ts';

interface Dry extends Pick<RuleView, 'matched' | 'failed'> {
  readonly looked: number;
  readonly complete: boolean;
  readonly data: readonly { readonly would: unknown }[];
}

describe('automation rules, as they are kept', function () {
  this.timeout(30_000);
  let rules: RuleMaker;

  before(async () => {
    rules = await RuleMaker.start();
  });
  after(async () => {
    await rules.stop();
  });

  it('goes by a change as soon as it is answered, on every owner', async () => {
    const rule = { when: onReason('change'), then: { start: { type: 'onboarding', id: { $cel: 'event.id' } } } };
    await rules.grant('change');
    const name = await rules.make(rule);
    await rules.grant('change');
    const tag = async (): Promise<string> =>
      String((await rules.call('GET', `${rulesPath}/${name}`)).headers.get('etag'));
    const put = async (body: object, etag: string): Promise<number> =>
      (await rules.call('PUT', `${rulesPath}/${name}`, body, { 'if-match': etag })).status;
    const first = await tag();
    assert.equal(await put({ ...rule, enabled: false }, first), 200);
    await rules.grant('change');
    assert.equal(await put({ ...rule, enabled: true }, first), 412);
    assert.equal((await rules.call('PUT', `${rulesPath}/${name}`, rule)).status, 428);
    assert.equal(await put({ ...rule, enabled: true }, await tag()), 200);
    await rules.grant('change');
    const both = await Promise.all([tag(), tag()]).then(
      async ([one, two]) => await Promise.all([put(rule, one), put({ ...rule, enabled: false }, two)]),
    );
    assert.deepEqual(both.toSorted(), [200, 412], 'two changes of one revision');
    await rules.remove(name);
    await rules.grant('change');
    assert.equal((await rules.rowsOf(name)).length, 2);
    // Another rule of the name begins at nothing, and at another revision.
    await rules.make({ ...rule, enabled: false }, name);
    const anew = await rules.view(name);
    assert.deepEqual([anew.enabled, anew.matched], [false, 0]);
    assert.ok(!(await tag()).endsWith('-1"'));
    await rules.remove(name);
  });

  it('counts and shows a rule that fails, and holds nothing up', async () => {
    const bad = await rules.make({
      when: { type: 'xp.added', if: 'event.data.nobody == 1' },
      then: { start: { type: 'onboarding', id: 'x' } },
    });
    const odd = await rules.make({
      when: { type: 'xp.added' },
      then: { start: { type: 'onboarding', id: { $cel: '"a:" + event.id' } } },
    });
    const good = await rules.make({
      when: { type: 'xp.added' },
      then: { start: { type: 'onboarding', id: { $cel: 'event.id' } } },
    });
    await rules.grant('fails');
    await eventually(async () => {
      const [one, two, three] = [await rules.view(bad), await rules.view(odd), await rules.view(good)];
      assert.deepEqual([one.failed, two.failed, three.failed, three.matched], [1, 1, 0, 1]);
      assert.match(one.lastError ?? '', /field not found: nobody/u);
      assert.match(two.lastError ?? '', /does not fit: id/u);
    });
    assert.equal((await rules.rowsOf(good)).length, 1);
    assert.equal((await rules.rowsOf(bad)).length + (await rules.rowsOf(odd)).length, 0);
    await Promise.all([bad, odd, good].map(async (name) => await rules.remove(name)));
  });

  it('tells what a rule would have done, and does nothing', async () => {
    await rules.grant('dry');
    await rules.grant('dry');
    const before_ = await Work.native().countDocuments({});
    const then = {
      start: { type: 'onboarding', id: { $cel: 'event.data.userId' }, input: { name: { $cel: 'event.data.reason' } } },
    };
    const run = async (when: object, more = {}): Promise<Reply> =>
      await rules.call('POST', `${rulesPath}/dry-run`, { rule: { when, then }, ...more });
    const dryOf = ({ body }: Reply): Dry => body as Dry;
    const dry = dryOf(await run(onReason('dry'), { limit: 1_000 }));
    assert.ok(dry.looked > 2 && dry.complete);
    assert.deepEqual([dry.matched, dry.failed, dry.data.length], [2, 0, 2]);
    assert.deepEqual(dry.data[0]?.would, {
      start: { type: 'onboarding', id: rules.ada.user.id, input: { name: 'dry' } },
    });
    const few = dryOf(await run({ type: 'xp.added', if: 'event.nobody' }, { limit: 2 }));
    assert.deepEqual([few.looked, few.failed, few.complete], [2, 2, false]);
    const since = new Date(Date.now() + 60_000).toISOString();
    assert.equal(dryOf(await run({ type: 'xp.added' }, { since })).looked, 0);
    assert.equal(problemOf(await run({ type: 'xp.added', if: '1 +' })).code, 'request.invalid');
    assert.equal(await Work.native().countDocuments({}), before_);
  });

  it('refuses what could never be, names each fault, and is for those who may', async () => {
    const bad = {
      name: 'bad',
      when: { type: 'xp.addet', if: 'event.' },
      then: { start: { type: 'nothing', id: { $cel: 'who' } } },
    };
    const refused = await rules.call('POST', rulesPath, bad);
    assert.equal(problemOf(refused).code, 'request.invalid');
    const { errors } = refused.body as { errors: { pointer: string }[] };
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      ['/body/when/if', '/body/then/start/id', '/body/when/type', '/body/then/start/type'],
    );
    const rule = { when: { type: 'xp.added' }, then: { start: { type: 'onboarding', id: 'x' } }, enabled: false };
    const name = await rules.make(rule);
    assert.equal(problemOf(await rules.call('POST', rulesPath, { ...rule, name })).code, 'state-machine.rule-exists');
    assert.ok(
      ((await rules.call('GET', rulesPath)).body as { data: RuleView[] }).data.some((each) => each.name === name),
    );
    assert.equal((await rules.server.call('GET', rulesPath, { token: rules.ada.accessToken })).status, 403);
    await rules.remove(name);
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', rule]] as const) {
      assert.equal((await rules.call(method, `${rulesPath}/${name}`, body)).status, 404, method);
    }
    const acts = await Events.native()
      .find({ type: 'admin.acted', 'data.target.rule': name })
      .sort({ _id: 1 })
      .limit(9)
      .toArray();
    assert.deepEqual(
      acts.map(({ data }) => data['action']),
      ['machine.rule.make', 'machine.rule.remove'],
    );
  });

  it('keeps no more rules than fit', async () => {
    const heads = collections.get('automation_heads');
    const head = await heads?.native().findOne({ _id: 'rules' });
    assert.equal((head as { count?: number } | null)?.count, 0);
    await heads?.native().updateOne({ _id: 'rules' }, { $set: { count: 200 } } as object);
    const rule = { name: 'more', when: { type: 'xp.added' }, then: { start: { type: 'onboarding', id: 'x' } } };
    assert.equal(problemOf(await rules.call('POST', rulesPath, rule)).code, 'state-machine.too-many-rules');
    await heads?.native().updateOne({ _id: 'rules' }, { $set: { count: 0 } } as object);
  });
});
