// The example of docs/machines.md over HTTP, as its signers see it: what guards say of them, what waits for them, and what
// would have been.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { newId } from '#src/platform/ids.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import { problemOf, type Reply } from '../../support/http.ts';
import { blocksOf } from '../../unit/platform/machines/data/signing.ts';

const type = 'multi-party-signing';

describe('several parties sign', function () {
  this.timeout(20_000);
  let definer: Definer;
  let ada: LoggedIn;
  let bo: LoggedIn;
  const id = newId();

  before(async () => {
    definer = await Definer.start();
    ada = await registerSomebody(definer.server, 'Ada');
    bo = await registerSomebody(definer.server, 'Bo');
    const [source] = blocksOf('machines.md');
    await definer.registered(type, source);
    const parties = [ada.user.id, bo.user.id];
    await definer.create(type, id, { title: 'Shares', initiator: definer.admin.user.id, parties, days: 10 });
  });
  after(async () => {
    await definer.stop();
  });

  const sign = async (by: LoggedIn, of = id): Promise<Reply> =>
    await definer.send(type, of, { type: 'SIGN', signature: 'me' }, by);
  const tasksOf = async (by: LoggedIn): Promise<unknown[]> => {
    const { body } = await definer.call('GET', '/api/state-machines/tasks', undefined, by);
    return (body as { data: { id: string; event: string; title: string }[] }).data.map((task) => [task.id, task.title]);
  };

  it('finds them their task until they have signed, though others still have to', async () => {
    assert.deepEqual(await tasksOf(ada), [[id, 'Sign the document']]);
    assert.deepEqual(await tasksOf(definer.buyer), []);
    assert.equal((await sign(ada)).status, 200);
    assert.deepEqual(await tasksOf(ada), []);
    assert.deepEqual(await tasksOf(bo), [[id, 'Sign the document']]);
  });

  it('says with a no what the guard said, and to who asks before', async () => {
    const refused = await sign(ada);
    assert.equal(problemOf(refused).code, 'state-machine.event-not-accepted');
    const guard = 'actor in context.parties && !context.signed.exists(one, one.by == actor)';
    const said = { state: `${type}.open`, target: [], guard, says: false };
    assert.deepEqual((refused.body as { verdicts: unknown }).verdicts, [said]);
    const explained = async (by: LoggedIn): Promise<unknown> => {
      const path = `/api/state-machines/${type}/${id}/state?explain=SIGN`;
      return ((await definer.call('GET', path, undefined, by)).body as { verdicts: unknown }).verdicts;
    };
    assert.deepEqual(await explained(ada), [said]);
    assert.deepEqual(await explained(bo), [{ ...said, says: true }]);
  });

  it('is waited for by tag, told as it stood, and tried out in a fork', async () => {
    const path = `/api/state-machines/${type}/${id}`;
    const { body } = await definer.call('GET', `${path}/wait?for=tag:waiting&timeout=0`, undefined, bo);
    assert.equal((body as { reached: boolean }).reached, true);
    const { at } = (await definer.call('GET', `${path}/history?at=0`)).body as {
      at: { tags: unknown; context: object };
    };
    assert.deepEqual(at.tags, ['waiting']);
    assert.deepEqual((at.context as { signed: unknown }).signed, []);
    const trial = newId();
    const forked = await definer.call('POST', `${path}/fork`, { atSeq: 1, id: trial });
    assert.equal(forked.status, 201, forked.text);
    assert.equal((await sign(bo, trial)).status, 404, 'a trial is for operators');
    const declined = await definer.send(type, trial, { type: 'DECLINE' });
    assert.equal(problemOf(declined).code, 'state-machine.event-not-accepted', 'not even they may sign for others');
    assert.equal((await definer.send(type, trial, { type: 'EXTEND', days: 5 })).status, 200);
    assert.deepEqual(await tasksOf(bo), [[id, 'Sign the document']]);
    const { chain } = (await definer.call('GET', `/api/state-machines/${type}/${trial}/verify`)).body as {
      chain: string;
    };
    assert.equal(chain, 'intact');
  });
});
