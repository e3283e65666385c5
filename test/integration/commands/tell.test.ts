// Rows that say who hears how they end: each end is told once, by a row of the transaction that settles it.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { defineCommand, type WorkDraft } from '#src/platform/commands/command.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { workRow } from '#src/platform/commands/plan.ts';
import { diedWith } from '#src/platform/commands/tenure.ts';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { defineEffect, TerminalError } from '#src/platform/effects/effect.ts';
import { problems } from '#src/platform/errors.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logInAdmin } from '../../support/accounts.ts';
import { ask, reach } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

const how = z.strictObject({ how: z.enum(['well', 'no', 'throws', 'odd']) });

const act = defineCommand({
  kind: 'teller.act.do',
  pool: 'gamification',
  input: how,
  key: () => newId(),
  load: async () => await Promise.resolve(),
  decide: (_state, { input }) => {
    if (input.how === 'throws') {
      throw new Error('A secret of the inside');
    }
    return input.how === 'no' ? problems.conflict('Not today') : { result: { went: input.how } };
  },
});

const effect = defineEffect({
  kind: 'teller.effect.do',
  pool: 'effects',
  input: how,
  timeoutMs: 5_000,
  retry: { attempts: 2, baseMs: 1, maxMs: 1 },
  perform: async ({ how: way }, { attempt }) => {
    if (way === 'no') {
      throw new TerminalError('Never');
    }
    if (way === 'throws' || (way === 'odd' && attempt === 1)) {
      throw new Error('Not now');
    }
    return await Promise.resolve({ went: way });
  },
});

const hear = defineCommand({
  kind: 'teller.end.hear',
  pool: 'gamification',
  input: z.strictObject({
    of: z.string(),
    outcome: z.enum(['done', 'refused', 'dead']),
    output: z.strictObject({ went: z.enum(['well', 'odd']) }).optional(),
    error: z.strictObject({ code: z.string(), detail: z.string() }).optional(),
  }),
  key: ({ of }) => of,
  load: async () => await Promise.resolve(),
  decide: () => ({ result: null }),
});

describe('the end of a row', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owners: Owner[];

  before(async () => {
    const service = { name: 'teller', commands: [act, hear], effects: [effect] };
    server = await startServer([userService, authService, operations, service]);
    owners = [workOwner(server.registry, 'gamification'), effectsWorker(server.registry)];
    owners.forEach((owner) => owner.start());
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const draft = (kind: string, way: string, more: Partial<WorkDraft> = {}): WorkRow => {
    const id = newId();
    const tell = { kind: hear.kind, input: { of: id } };
    const wanted = { kind, input: { how: way }, cause: newId(), id, tell, ...more };
    return workRow(server.registry, wanted, { requestId: `r.${id}`, traceparent: 'trace' }, new Date());
  };
  const heard = async (row: WorkRow): Promise<WorkRow[]> =>
    await Work.native().find({ kind: hear.kind, 'input.of': row._id }).sort({ _id: 1 }).toArray();
  const told = async (row: WorkRow, times: number): Promise<unknown[]> => {
    const rows = await eventually(async () => {
      const found = await heard(row);
      assert.deepEqual(
        found.map(({ state }) => state),
        Array.from({ length: times }, () => 'done'),
      );
      return found;
    });
    assert.ok(rows.every(({ requestId, traceparent }) => requestId === row.requestId && traceparent === 'trace'));
    return rows.map(({ input }) => endIn(input as Record<string, unknown>));
  };
  const endIn = ({ of: _of, ...end }: Record<string, unknown>): unknown => end;
  const gaveUp = { code: problems.gaveUp.kind.code, detail: problems.gaveUp.kind.title };

  it('is told, whether it is done, refused or gave up, of commands and of effects', async () => {
    const cases: [WorkRow, WorkRow['state'], unknown][] = [
      [draft(act.kind, 'well'), 'done', { outcome: 'done', output: { went: 'well' } }],
      [
        draft(act.kind, 'no'),
        'refused',
        { outcome: 'refused', error: { code: 'request.conflict', detail: 'Not today' } },
      ],
      [draft(act.kind, 'throws'), 'dead', { outcome: 'dead', error: gaveUp }],
      [{ ...draft(act.kind, 'well'), attempts: 3, error: diedWith }, 'dead', { outcome: 'dead', error: gaveUp }],
      [draft(effect.kind, 'well'), 'done', { outcome: 'done', output: { went: 'well' } }],
      [draft(effect.kind, 'odd'), 'done', { outcome: 'done', output: { went: 'odd' } }],
      [draft(effect.kind, 'no'), 'dead', { outcome: 'dead', error: gaveUp }],
      [draft(effect.kind, 'throws'), 'dead', { outcome: 'dead', error: gaveUp }],
    ];
    const rows = cases.map(([row]) => row);
    await ask(rows);
    await reach(
      rows,
      cases.map(([, state]) => state),
    );
    for (const [row, , end] of cases) {
      assert.deepEqual(await told(row, 1), [end], row.kind);
    }
  });

  it('is told again where a dead letter was redriven: each end once', async () => {
    const rows = [draft(act.kind, 'throws'), draft(effect.kind, 'no')];
    await ask(rows);
    const admin = await logInAdmin(server);
    const redrive = async (): Promise<void> => {
      const body = { ids: rows.map(({ _id }) => _id) };
      const reply = await server.call('POST', '/api/dead-letters/redrive', { token: admin.accessToken, body });
      assert.deepEqual(reply.body, { redriven: body.ids, passedOver: [] });
    };
    await reach(rows, ['dead', 'dead']);
    await redrive();
    await eventually(async () => assert.equal((await heard(rows[0] as WorkRow)).length, 2));
    await reach(rows, ['dead', 'dead']);
    const before = new Date();
    await Work.native().updateMany({ _id: { $in: rows.map(({ _id }) => _id) } }, { $set: { 'input.how': 'well' } });
    await redrive();
    const done = await reach(rows, ['done', 'done']);
    // A pass that had begun would otherwise pass over it and take later rows of a key that it held.
    assert.ok(
      done.every(({ notBefore }) => notBefore < before),
      'a redriven row is due at once, for every clock',
    );
    for (const row of rows) {
      const dead = { outcome: 'dead', error: gaveUp };
      assert.deepEqual(await told(row, 3), [dead, dead, { outcome: 'done', output: { went: 'well' } }]);
    }
  });

  it('is told of failures alone where only they matter', async () => {
    const only = (of: string) => ({ tell: { kind: hear.kind, input: { of }, only: 'failure' as const } });
    const ids = [newId(), newId()] as const;
    const rows = [
      draft(act.kind, 'well', { id: ids[0], ...only(ids[0]) }),
      draft(act.kind, 'no', { id: ids[1], ...only(ids[1]) }),
    ] as const;
    await ask(rows);
    await reach(rows, ['done', 'refused']);
    await told(rows[1], 1);
    assert.deepEqual(await heard(rows[0]), []);
  });

  it('stands where nobody can be told, and such a draft is refused before', async () => {
    assert.throws(() => draft(act.kind, 'well', { tell: { kind: 'teller.nobody', input: {} } }), /No service here/u);
    // What hears of it takes no such output.
    const row = { ...draft(act.kind, 'well'), tell: { kind: hear.kind, input: { of: 'x', more: 1 } } };
    await ask([row]);
    await reach([row], ['done']);
    assert.deepEqual(await heard(row), []);
  });

  it('is kept as long as its draft says', async () => {
    const [week, usual] = [draft(act.kind, 'well', { keepMs: 7 * 86_400_000 }), draft(act.kind, 'well')];
    await ask([week, usual]);
    const kept = await reach([week, usual], ['done', 'done']);
    const days = kept.map(({ expireAt, doneAt }) => (Number(expireAt) - Number(doneAt)) / 86_400_000);
    assert.deepEqual(days, [7, 1]);
  });
});
