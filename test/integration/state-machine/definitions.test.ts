// Machines that are data: registered, run, followed by other versions, retired; and what is not let in.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { registerSomebody } from '../../support/accounts.ts';
import { Definer, definitions as base, errorsOf } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf } from '../../support/http.ts';
import { orderOf, packedOrderOf } from '../../support/orders.ts';
import { assertPartly } from '../../support/partly.ts';

describe('definitions that are data', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
  });
  after(async () => {
    await definer.stop();
  });

  describe('that are registered', () => {
    it('are the next version of their type, and the same source again is the version it is', async () => {
      const reply = await definer.register('shop', orderOf('shop'));
      assert.equal(reply.status, 201, reply.text);
      assert.deepEqual(reply.body, {
        type: 'shop',
        version: 1,
        status: 'active',
        lint: { errors: [], warnings: [] },
      });
      const again = await definer.register('shop', orderOf('shop'));
      assert.deepEqual([again.status, again.body], [200, reply.body]);
      assert.equal(await definer.registered('shop', packedOrderOf('shop')), 2);
      const first = await definer.register('shop', orderOf('shop'));
      assert.deepEqual([first.status, (first.body as { version: number }).version], [200, 1]);
      const { body } = await definer.call('GET', `${base}/shop`);
      assertPartly(body, { version: 2, current: true, source: packedOrderOf('shop') });
      const acts = await definer.call('GET', '/api/audit?action=machine.definition');
      assertPartly(acts.body, {
        data: [
          { action: 'machine.definition.register', target: { type: 'shop', version: '2' }, outcome: 'done' },
          {
            action: 'machine.definition.register',
            target: { type: 'shop', version: '1' },
            actor: definer.admin.user.id,
          },
        ],
      });
    });

    it('are listed beside the built-in ones, with how many machines run on each version', async () => {
      await definer.registered('listed', orderOf('listed'));
      await definer.create('listed', 'one');
      await definer.registered('listed', packedOrderOf('listed'));
      await definer.create('listed', 'two');
      await definer.create('listed', 'three');
      const pages: { type: string }[] = [];
      let cursor = '';
      do {
        const reply = await definer.call('GET', `${base}?limit=2${cursor}`);
        const { data, page } = reply.body as { data: { type: string }[]; page: { nextCursor: string | null } };
        pages.push(...data);
        cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
      } while (cursor !== '');
      const types = pages.map(({ type }) => type);
      assert.deepEqual(types, types.toSorted());
      assertPartly(
        pages.filter(({ type }) => ['listed', 'onboarding'].includes(type)),
        [
          {
            type: 'listed',
            builtIn: false,
            current: 2,
            versions: [
              { version: 2, status: 'active', current: true, live: 2, createdBy: definer.admin.user.id },
              { version: 1, status: 'active', current: false, live: 1 },
            ],
          },
          { type: 'onboarding', builtIn: true, current: 1, versions: [{ version: 1, createdBy: null }] },
        ],
      );
    });

    it('are read with their source, and those of the product with what the lint says of them', async () => {
      await definer.registered('read', orderOf('read'));
      assertPartly((await definer.call('GET', `${base}/read?version=1`)).body, {
        type: 'read',
        builtIn: false,
        status: 'active',
        source: orderOf('read'),
        lint: { errors: [] },
        live: 0,
      });
      assertPartly((await definer.call('GET', `${base}/onboarding`)).body, {
        builtIn: true,
        source: null,
        hash: null,
        lint: { errors: [] },
      });
      for (const path of ['read?version=2', 'nothing', 'onboarding?version=7']) {
        assert.equal(
          problemOf(await definer.call('GET', `${base}/${path}`)).code,
          'state-machine.definition-not-found',
        );
      }
    });

    it('may be drafts, that new machines do not run on', async () => {
      await definer.registered('draft', orderOf('draft'), { activate: false });
      const none = await definer.call('POST', '/api/state-machines/create', { type: 'draft', id: 'x' });
      assert.equal(problemOf(none).code, 'state-machine.unknown-type');
      const path = `${base}/draft/versions/1/activate`;
      assert.deepEqual((await definer.call('POST', path)).body, {
        type: 'draft',
        version: 1,
        status: 'active',
        current: true,
      });
      assert.equal(await definer.create('draft', 'x'), 1);
      assert.equal(await definer.registered('draft', packedOrderOf('draft'), { activate: false }), 2);
      assert.equal(await definer.create('draft', 'y'), 1);
      const { body } = await definer.register('draft', packedOrderOf('draft'), { activate: true });
      assertPartly(body, { version: 2, status: 'active' });
      assert.equal(await definer.create('draft', 'z'), 2);
    });

    it('are one version, however many register them at once', async () => {
      const replies = await Promise.all(
        Array.from(
          { length: 6 },
          async (_, index) =>
            await definer.register('crowd', index % 2 === 0 ? orderOf('crowd') : packedOrderOf('crowd')),
        ),
      );
      assert.deepEqual(
        replies.map(({ status }) => status).toSorted((one, other) => one - other),
        [200, 200, 200, 200, 201, 201],
      );
      const { body } = await definer.call('GET', `${base}/crowd`);
      assert.equal((body as { version: number }).version, 2);
    });
  });

  describe('with something wrong', () => {
    const wrong = { initial: 'a', states: { a: { on: { GO: { target: 'b', guard: 'nowhere > 1' } } } } };

    it('are refused with every place and code, and nothing of them is kept', async () => {
      const reply = await definer.register('wrong', wrong);
      assert.equal(problemOf(reply).code, 'state-machine.definition-invalid');
      const errors = errorsOf(reply);
      assert.ok(
        errors.some(([pointer, code]) => pointer === '/body/definition/states/a/on/GO/guard' && code === 'expression'),
        reply.text,
      );
      assert.ok(
        errors.some(
          ([pointer, code]) => pointer.startsWith('/body/definition/states/a/on/GO') && code === 'unknown-target',
        ),
        reply.text,
      );
      assert.equal((await definer.call('GET', `${base}/wrong`)).status, 404);
      const { body } = await definer.call('POST', `${base}/lint`, { type: 'wrong', definition: wrong });
      const said = (body as { errors: { path: string; code: string }[] }).errors;
      assert.deepEqual(
        said.map(({ path, code }) => [`/body/definition${path}`, code]),
        errors,
      );
    });

    it('are refused under names that mean something else', async () => {
      for (const type of ['onboarding', 'definitions', 'create', 'user', 'xp', 'machine']) {
        const reply = await definer.register(type, orderOf(type));
        assert.equal(problemOf(reply).code, 'state-machine.type-taken', type);
        const { body } = await definer.call('POST', `${base}/lint`, { type, definition: orderOf(type) });
        assert.equal((body as { errors: { code: string }[] }).errors[0]?.code, 'type-taken');
      }
      for (const type of ['a.b', '', '9', 'ä', 'x'.repeat(65)]) {
        assert.equal((await definer.register(type, orderOf('x'))).status, 422, type);
      }
    });

    it('are refused where they are too large, too deep, or full of tricks', async () => {
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`s${index}`, { type: 'final' }]));
      const huge = { ...orderOf('big'), description: 'x'.repeat(70_000) };
      assert.equal((await definer.register('big', huge)).status, 413);
      for (const definition of [
        { initial: 's0', states: many },
        [],
        'text',
        { states: { constructor: {} } },
        { initial: 'a', states: { a: { always: { target: 'a', reenter: true } } } },
        { initial: 'a', states: { a: { invoke: { id: 'x', src: 'nowhere' } } } },
        { initial: 'a', states: { a: { entry: 'xstate.stop' } } },
      ]) {
        const reply = await definer.register('big', definition);
        assert.equal(reply.status, 422, reply.text);
      }
      assert.equal((await definer.call('GET', `${base}/big`)).status, 404);
    });

    it('are refused to whoever lacks a permission that an effect of them needs', async () => {
      const generous = {
        initial: 'a',
        states: {
          a: { type: 'final', entry: { type: 'grant-xp', params: { userId: 'u', amount: 1, reason: 'r' } } },
        },
      };
      const other = await registerSomebody(definer.server, 'Other');
      assert.equal(
        (await definer.call('POST', '/api/roles', { name: 'definer', permissions: ['machine.define'] })).status,
        201,
      );
      const path = `/api/users/${other.user.id}/roles`;
      assert.equal((await definer.call('PUT', path, { roles: ['user', 'definer'] })).status, 200);
      const reply = await eventually(async () => {
        const tried = await definer.register('generous', generous, {}, other);
        assert.equal(tried.status, 422, tried.text);
        return tried;
      });
      assert.deepEqual(
        errorsOf(reply).map(([pointer, code]) => [pointer.startsWith('/body/definition/states/a/entry'), code]),
        [[true, 'effect-not-yours']],
      );
      assert.equal((await definer.register('plain', orderOf('plain'), {}, other)).status, 201);
      assert.equal((await definer.register('generous', generous)).status, 201);
    });
  });

  describe('that machines run on', () => {
    it('take events from whom they name, in their guards’ and schemas’ bounds', async () => {
      await definer.registered('driven', orderOf('driven'));
      await definer.create('driven', 'one');
      assert.equal((await definer.send('driven', 'one', { type: 'PAY', amount: 0 }, definer.buyer)).status, 422);
      assert.equal(
        (await definer.send('driven', 'one', { type: 'PAY', amount: 12, tip: 1 }, definer.buyer)).status,
        422,
      );
      assert.equal((await definer.send('driven', 'one', { type: 'SHIP' }, definer.buyer)).status, 403);
      assert.equal((await definer.send('driven', 'one', { type: 'SHIP' })).status, 409);
      const paid = await definer.send('driven', 'one', { type: 'PAY', amount: 12 }, definer.buyer);
      assertPartly(paid.body, { value: 'paid', context: { paid: 12 }, status: 'active' });
      const shipped = await definer.send('driven', 'one', { type: 'SHIP' });
      assertPartly(shipped.body, { value: 'shipped', status: 'done' });
      const history = await definer.call('GET', '/api/state-machines/driven/one/verify');
      assertPartly(history.body, { chain: 'intact', steps: 3 });
      const picture = await definer.call('GET', `${base}/driven/diagram.svg?format=mermaid`);
      assert.ok(picture.text.includes('shipped'));
    });

    it('go on by their timers, and tell of it in events of their own', async () => {
      await definer.registered('timed', orderOf('timed'));
      await definer.create('timed', 'one');
      await definer.send('timed', 'one', { type: 'PAY', amount: 10 }, definer.buyer);
      await definer.overdue('timed', 'one');
      await eventually(async () => {
        const event = await Events.native().findOne({ type: 'timed.late', subject: 'machine.timed.one' });
        assert.deepEqual(event?.data, { paid: 10 });
        assert.deepEqual(event?.audience, ['machine.timed.one', `user.${definer.buyer.user.id}`]);
      });
    });

    it('stay theirs when another version comes, and when the older one comes back', async () => {
      await definer.registered('pinned', orderOf('pinned'));
      await definer.create('pinned', 'old');
      await definer.registered('pinned', packedOrderOf('pinned'));
      assert.equal(await definer.create('pinned', 'new'), 2);
      const tooLittle = await definer.send('pinned', 'old', { type: 'PAY', amount: 5 }, definer.buyer);
      assert.equal(problemOf(tooLittle).code, 'state-machine.event-not-accepted');
      assertPartly((await definer.send('pinned', 'new', { type: 'PAY', amount: 5 }, definer.buyer)).body, {
        value: 'packed',
      });
      assert.equal((await definer.call('POST', `${base}/pinned/versions/1/activate`)).status, 200);
      assert.equal(await definer.create('pinned', 'back'), 1);
      assert.equal((await definer.call('POST', `${base}/pinned/versions/3/activate`)).status, 404);
    });

    it('are retired when nobody runs on them any more', async () => {
      await definer.registered('leaving', orderOf('leaving'));
      await definer.create('leaving', 'one');
      const path = `${base}/leaving/versions/1/retire`;
      const refused = await definer.call('POST', path);
      assert.equal(problemOf(refused).code, 'state-machine.version-in-use');
      assert.equal((refused.body as { live: number }).live, 1);
      await definer.send('leaving', 'one', { type: 'PAY', amount: 10 }, definer.buyer);
      await definer.send('leaving', 'one', { type: 'SHIP' });
      assertPartly((await definer.call('POST', path)).body, { status: 'retired', current: false });
      assert.equal((await definer.call('POST', path)).status, 200);
      const none = await definer.call('POST', '/api/state-machines/create', { type: 'leaving', id: 'two' });
      assert.equal(problemOf(none).code, 'state-machine.unknown-type');
      // What has ended is still read on it.
      assert.equal((await definer.call('GET', '/api/state-machines/leaving/one/state')).status, 200);
      assert.equal((await definer.call('POST', `${base}/leaving/versions/1/activate`)).status, 200);
      assert.equal(await definer.create('leaving', 'two'), 1);
    });
  });
});
