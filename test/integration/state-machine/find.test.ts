// Machines found by type, state, tag, status and context, by whom they concern; and the check of a whole hash chain.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { newId } from '#src/platform/ids.ts';
import { Transitions } from '#src/platform/machines/store.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';

const pageShape = z.object({
  data: z.array(z.looseObject({ type: z.string(), id: z.string() })),
  page: z.object({ nextCursor: z.string().nullable() }),
});

describe('machines that are looked for', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;
  const prefix = newId();
  const ids = ['a', 'b', 'c'].map((letter) => `${prefix}-${letter}`);

  before(async () => {
    server = await startServer([userService, authService, stateMachineService]);
    owner = workOwner(server.registry, 'machines');
    owner.start();
    admin = await logInAdmin(server);
    for (const id of ids) {
      const body = { type: 'onboarding', id, input: { name: `Of ${id}` } };
      assert.equal((await send('/create', body)).status, 201);
    }
    assert.equal((await send(`/onboarding/${ids[1]}/event`, { type: 'LEVEL_REACHED' })).status, 200);
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const send = async (path: string, body: object) =>
    await server.call('POST', `/api/state-machines${path}`, { body, token: admin.accessToken });
  const list = async (query: string, token = admin.accessToken) =>
    await server.call('GET', `/api/state-machines${query}`, { token });
  const found = async (query: string, token?: string): Promise<string[]> => {
    const reply = await list(query, token);
    assert.equal(reply.status, 200, reply.text);
    return pageShape
      .parse(reply.body)
      .data.map(({ id }) => id)
      .filter((id) => id.startsWith(prefix));
  };

  it('are found by type, state, status and context, and by all of them at once', async () => {
    assert.deepEqual(await found('?type=onboarding&limit=100'), ids);
    assert.deepEqual(await found('?type=onboarding&state=active&limit=100'), [ids[1]]);
    assert.deepEqual(await found('?type=onboarding&state=registered&status=active&limit=100'), [ids[0], ids[2]]);
    assert.deepEqual(await found('?type=onboarding&status=done&limit=100'), []);
    assert.deepEqual(await found('?type=onboarding&tag=registered&limit=100'), [], 'a state is no tag');
    const byContext = `?type=onboarding&field=userId&value=${ids[2]}&limit=100`;
    assert.deepEqual(await found(byContext), [ids[2]]);
    assert.deepEqual(await found(`${byContext}&state=active`), []);
    assert.deepEqual(await found('?type=nothing&limit=100'), []);
  });

  it('are found by tags and by texts that look like something else', async () => {
    const call = async (path: string, body: object): Promise<void> => {
      const reply = await server.call('POST', `/api/state-machines${path}`, { token: admin.accessToken, body });
      assert.equal(reply.status, 201, reply.text);
    };
    const type = 'labelled';
    const label = { anyOf: [{ type: 'string', maxLength: 9 }, { type: 'integer' }, { type: 'boolean' }] };
    const definition = {
      input: { type: 'object', properties: { label }, required: ['label'] },
      context: { label: { $cel: 'input.label' } },
      access: { create: ['operator'], read: ['owner'] },
      events: { GO: { from: ['operator'] } },
      initial: 'a',
      states: { a: { tags: ['here'], on: { GO: 'b' } }, b: { type: 'final' } },
    };
    await call('/definitions', { type, definition });
    const made = { number: 12, text: '12', yes: true, word: 'true', quoted: '"12"', odd: '"12' };
    for (const [name, input] of Object.entries(made)) {
      await call('/create', { type, id: `${prefix}${name}`, input: { label: input } });
    }
    const by = async (query: string): Promise<string[]> =>
      (await found(`?type=${type}&limit=100${query}`)).map((id) => id.slice(prefix.length)).toSorted();
    const value = async (text: string): Promise<string[]> => await by(`&field=label&value=${encodeURIComponent(text)}`);
    assert.equal((await by('&tag=here')).length, 6);
    assert.deepEqual(await by('&tag=there'), []);
    assert.deepEqual(await value('12'), ['number', 'text']);
    assert.deepEqual(await value('"12"'), ['text']);
    assert.deepEqual(await value('true'), ['word', 'yes']);
    assert.deepEqual(await value('"true"'), ['word']);
    assert.deepEqual(await value(JSON.stringify('"12"')), ['quoted']);
    assert.deepEqual(await value('"12'), ['odd']);
  });

  it('come page by page, with a cursor for this search and this caller alone', async () => {
    const seen: string[] = [];
    let query = '?type=onboarding&state=registered&limit=1';
    for (;;) {
      const { data, page } = pageShape.parse((await list(query)).body);
      seen.push(...data.map(({ id }) => id));
      if (page.nextCursor === null) {
        break;
      }
      const cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
      assert.equal(problemOf(await list(`?type=onboarding&state=active&limit=1${cursor}`)).status, 422);
      query = `?type=onboarding&state=registered&limit=1${cursor}`;
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(
      seen.filter((id) => id.startsWith(prefix)),
      [ids[0], ids[2]],
    );
  });

  it('are those that concern whoever asks', async () => {
    const ada = await registerSomebody(server, 'Ada');
    await eventually(async () => {
      const { data } = pageShape.parse((await list('?limit=100', ada.accessToken)).body);
      assert.deepEqual(
        data.map(({ id }) => id),
        [ada.user.id],
      );
    });
    assert.deepEqual(await found('?type=onboarding&limit=100', ada.accessToken), []);
  });

  it('are not looked for in ways that make no sense', async () => {
    for (const query of [
      '?state=active',
      '?type=onboarding&field=userId',
      '?type=a.b',
      '?field=$where&value=1&type=x',
    ]) {
      assert.equal(problemOf(await list(query)).status, 422, query);
    }
  });

  it('say whether their whole chain holds, and where it breaks', async () => {
    const verdict = async () =>
      (await server.call('GET', `/api/state-machines/onboarding/${ids[1]}/verify`, { token: admin.accessToken })).body;
    const about = { type: 'onboarding', id: ids[1] };
    assert.deepEqual(await verdict(), { ...about, steps: 2, chain: 'intact', brokenAt: null });
    await Transitions.native().updateOne({ instance: `onboarding.${ids[1]}`, seq: 1 }, { $set: { actor: 'x' } });
    assert.deepEqual(await verdict(), { ...about, steps: 1, chain: 'broken', brokenAt: 1 });
    await Transitions.native().deleteOne({ instance: `onboarding.${ids[1]}`, seq: 1 });
    assert.deepEqual(await verdict(), { ...about, steps: 1, chain: 'broken', brokenAt: 1 });
    await Transitions.native().deleteMany({ instance: `onboarding.${ids[1]}` });
    assert.deepEqual(await verdict(), { ...about, steps: 0, chain: 'broken', brokenAt: 0 });
  });
});
