// Redriving dead letters: whoever comes first has it, and is the only one who is told so.
import assert from 'node:assert/strict';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin } from '../../support/accounts.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { workRowOf } from '../../support/rows.ts';

describe('a dead letter', function () {
  this.timeout(30_000);
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService, operations]);
  });
  after(async () => await server.close());

  async function dead(count: number): Promise<string[]> {
    const rows = Array.from({ length: count }, () => ({
      ...workRowOf({ kind: 'redrive.probe', key: newId(), input: {} }),
      state: 'dead' as const,
    }));
    await Work.native().insertMany(rows);
    await DeadLetters.native().insertMany(
      rows.map(({ _id, kind, shard, key, requestId, acceptedAt }) => ({
        _id,
        kind,
        shard,
        key,
        requestId,
        acceptedAt,
        error: 'e',
        attempts: 3,
        deadAt: acceptedAt,
        redrives: 0,
        redrivenAt: null,
      })),
    );
    return rows.map(({ _id }) => _id);
  }

  it('is redriven once, however many ask at once, and each is told what was theirs', async () => {
    const { accessToken: token } = await logInAdmin(server);
    for (let round = 0; round < 6; round += 1) {
      const ids = await dead(5);
      const replies = await Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          const body = index % 2 === 0 ? { ids } : { ids: ids.toReversed() };
          return await server.call('POST', '/api/dead-letters/redrive', { token, body });
        }),
      );
      assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
      const told = replies.flatMap(({ body }) => (body as { redriven: string[] }).redriven);
      assert.deepEqual(told.toSorted(), ids.toSorted());
      const letters = await DeadLetters.native()
        .find({ _id: { $in: ids } })
        .toArray();
      assert.deepEqual(
        letters.map(({ redrives }) => redrives),
        ids.map(() => 1),
      );
      assert.equal(await Work.native().countDocuments({ _id: { $in: ids }, state: 'new' }), ids.length);
    }
    const acts = await Events.native().find({ type: 'admin.acted', 'data.action': 'deadletter.redrive' }).toArray();
    const counted = acts.reduce(
      (sum, { data }) => sum + Number((data as { target: { count: string } }).target.count),
      0,
    );
    assert.equal(counted, 30);
  });
});
