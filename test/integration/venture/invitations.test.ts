// Invitations to ventures over HTTP: answered, taken back, run out, and no more than the inviter may give.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Overlay } from '#src/platform/commands/overlay.ts';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { ventureService } from '#src/services/venture/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { codeOf, ventureCalls } from '../../support/ventures.ts';

describe('an invitation to a venture', () => {
  let server: TestServer;
  let owner: LoggedIn;
  let ada: LoggedIn;
  let bob: LoggedIn;
  let stranger: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, ventureService]);
    owner = await registerSomebody(server, 'Owner');
    ada = await registerSomebody(server, 'Ada');
    bob = await registerSomebody(server, 'Bob');
    stranger = await registerSomebody(server, 'Stranger');
  });
  after(async () => await server.close());
  const { call, create, teamOf, invite, answer, join } = ventureCalls(() => ({ server, owner }));

  it('brings its person into the team when they accept, once', async () => {
    const { id } = await create();
    const asked = await invite(id, ada, 'member');
    assert.equal(asked.status, 201);
    assert.deepEqual(codeOf(await invite(id, ada, 'viewer')), [409, 'venture.already-invited']);
    const mine = (await call(ada, 'GET', '/invitations?state=pending')).body as { data: { ventureId: string }[] };
    assert.ok(mine.data.some(({ ventureId }) => ventureId === id));
    for (const who of [stranger, owner]) {
      assert.deepEqual(codeOf(await answer(id, ada, 'accept', who)), [404, 'venture.invitation-not-found']);
    }
    const answers = await Promise.all(Array.from({ length: 5 }, async () => await answer(id, ada, 'accept')));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200],
    );
    assert.deepEqual(await teamOf(id), { [owner.user.id]: 'owner', [ada.user.id]: 'member' });
    const joined = await Events.native().countDocuments({ subject: `venture.${id}`, type: 'venture.member-joined' });
    assert.equal(joined, 1);
    assert.deepEqual(codeOf(await answer(id, ada, 'decline')), [409, 'venture.invitation-over']);
    assert.deepEqual(codeOf(await invite(id, ada, 'member')), [409, 'venture.already-in-team']);
  });

  it('has one end of two that race, and the team is as that end says', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await create();
      await invite(id, bob, 'member');
      const [accepted, withdrawn] = await Promise.all([answer(id, bob, 'accept'), answer(id, bob, 'withdraw', owner)]);
      assert.deepEqual(
        [accepted.status, withdrawn.status].toSorted((a, b) => a - b),
        [200, 409],
      );
      assert.equal(bob.user.id in (await teamOf(id)), accepted.status === 200);
    }
  });

  it('is declined or taken back, and can be asked anew', async () => {
    const { id } = await create();
    await invite(id, ada, 'member');
    assert.equal((await answer(id, ada, 'decline')).status, 200);
    await invite(id, ada, 'viewer');
    assert.equal((await answer(id, ada, 'withdraw', owner)).status, 200);
    assert.deepEqual(codeOf(await answer(id, ada, 'accept')), [409, 'venture.invitation-over']);
    await join(id, ada, 'viewer');
    assert.equal((await teamOf(id))[ada.user.id], 'viewer');
  });

  it('gives no more than its inviter may give, to nobody who is not there', async () => {
    const { id } = await create();
    await join(id, ada, 'admin');
    await join(id, bob, 'member');
    assert.deepEqual(codeOf(await invite(id, stranger, 'viewer', bob)), [403, 'venture.role-too-low']);
    assert.deepEqual(codeOf(await invite(id, stranger, 'admin', ada)), [403, 'venture.role-too-low']);
    assert.deepEqual(codeOf(await invite(id, bob, 'owner', ada)), [403, 'venture.role-too-low']);
    assert.equal((await invite(id, stranger, 'member', ada)).status, 201);
    const nobody = { userId: 'nobody-at-all', role: 'viewer' };
    assert.deepEqual(codeOf(await call(owner, 'POST', `/${id}/invitations`, nobody)), [422, 'venture.person-unknown']);
  });

  it('expires after fourteen days, and not once it was answered', async () => {
    const { id } = await create();
    const shown = (await invite(id, ada, 'member')).body as { expiresAt: string; updatedAt: string };
    assert.equal(Date.parse(shown.expiresAt) - Date.parse(shown.updatedAt), 14 * 86_400_000);
    const row = await Work.native().findOne({ kind: 'venture.invitation.expire', 'input.id': id });
    assert.deepEqual([row?.state, row?.notBefore.toISOString()], ['new', shown.expiresAt]);
    const [expire] = (ventureService.commands ?? []).filter(({ kind }) => kind === 'venture.invitation.expire');
    const run = async (): Promise<number> => {
      const overlay = new Overlay();
      const command = { id: 'x', kind: 'x', key: 'x', input: row?.input, actor: 'system', origin: 'x' };
      const whole = { ...command, requestHash: '', requestId: '', acceptedAt: new Date() };
      await expire?.load([whole], overlay);
      const decision = expire?.decide(overlay, whole, new Date());
      return (decision as { writes?: unknown[] }).writes?.length ?? 0;
    };
    assert.equal(await run(), 1);
    await answer(id, ada, 'decline');
    assert.equal(await run(), 0);
    await invite(id, ada, 'member');
    assert.equal(await run(), 0, 'the timer of an earlier round does nothing');
  });
});
