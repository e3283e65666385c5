// Commands that always fail: they become dead letters alone, their batch goes on, and a redrive does them once.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { shardFor, type WorkRow } from '#src/platform/commands/work.ts';
import { eventually } from '../support/eventually.ts';
import { ownerOf } from '../support/faults.ts';
import { call } from '../support/fleet.ts';
import { checkInvariants } from '../support/invariants.ts';
import { grantRow, insertRows, readRows, workRowOf } from '../support/rows.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const letters = z.object({
  data: z.array(z.object({ id: z.string(), kind: z.string(), attempts: z.int(), error: z.string() })),
});
type Mode = 'throw' | 'throw-in-load' | 'kill' | 'none';

describe('poison', () => {
  let system: System;
  let turn = 0;

  before(async () => {
    system = await startSystem({ workerScript: 'test/support/poison-worker.ts' });
    keepWorkersUp();
  });
  after(async () => {
    respawning = false;
    await system?.stop();
  });
  beforeEach(async () => {
    await arm('throw', 'throw-in-load', 'kill');
  });
  afterEach(async function () {
    showLogs(this, system);
    await system.db.collection('poison_flags').deleteMany({});
  });

  let respawning = true;
  let respawned = 0;
  /** An operator's supervisor: a worker that ends is started again. */
  function keepWorkersUp(): void {
    system.fleet.workers.forEach((_, index) => watch(index));
  }
  function watch(index: number): void {
    system.fleet.workers[index]?.child.once('exit', () => {
      if (respawning) {
        respawned += 1;
        void system.fleet.restartWorker(index).then(() => watch(index));
      }
    });
  }

  async function arm(...modes: Mode[]): Promise<void> {
    await system.db.collection<{ _id: string }>('poison_flags').insertMany(modes.map((_id) => ({ _id })));
  }
  async function disarm(mode: Mode): Promise<void> {
    await system.db.collection<{ _id: string }>('poison_flags').deleteOne({ _id: mode });
  }

  const poisonRow = (kind: 'skip' | 'block', key: string, note: string, mode: Mode): WorkRow =>
    workRowOf({ kind: `poison.${kind}`, key, input: { key, note, mode } });

  /** Keys of one test's own that share a shard. */
  function keysOf(shard: string, count: number): string[] {
    turn += 1;
    const keys: string[] = [];
    for (let index = 0; keys.length < count; index += 1) {
      const key = `poison.${turn}-${index}`;
      if (shardFor('gamification', key) === shard) {
        keys.push(key);
      }
    }
    return keys;
  }

  const states = async (rows: readonly WorkRow[]): Promise<string[]> =>
    (await readRows(system.db, rows)).map(({ state }) => state);

  async function reach(rows: readonly WorkRow[], expected: readonly string[], withinMs = 30_000): Promise<void> {
    await eventually(async () => assert.deepEqual(await states(rows), expected), withinMs, 50);
  }

  async function deadLetters(): Promise<z.output<typeof letters>['data']> {
    const { body } = await call(system.url(0), 'GET', '/api/dead-letters?limit=100', { token: system.token });
    return letters.parse(body).data;
  }

  async function redrive(body: unknown): Promise<unknown> {
    const reply = await call(system.url(1), 'POST', '/api/dead-letters/redrive', { token: system.token, body });
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    return (reply.body as { redriven: unknown }).redriven;
  }

  async function trail(key: string): Promise<unknown> {
    const doc = await system.db.collection<{ _id: string }>('poison_trails').findOne({ _id: key });
    return (doc as { notes?: unknown } | null)?.notes;
  }

  it('that throws is dead after three attempts, and its whole batch is done', async () => {
    const shard = shardFor('gamification', `user.${system.people[0]}`);
    const [bad = '', worse = ''] = keysOf(shard, 2);
    const good = system.people.map((userId, index) => grantRow(userId, system.adminId, `load-beside-${index}`));
    const poison = [poisonRow('skip', bad, 'first', 'throw'), poisonRow('skip', worse, 'second', 'throw-in-load')];
    const rows = [...good.slice(0, 12), ...poison, ...good.slice(12)];
    await insertRows(system.db, rows);
    await reach(
      good,
      good.map(() => 'done'),
    );
    await reach(poison, ['dead', 'dead']);
    const dead = await deadLetters();
    assert.deepEqual(
      dead.map(({ id, kind, attempts, error }) => ({ id, kind, attempts, error })),
      [
        { id: poison[0]?._id, kind: 'poison.skip', attempts: 3, error: 'poison first' },
        { id: poison[1]?._id, kind: 'poison.skip', attempts: 3, error: 'poison in load' },
      ],
    );
    await disarm('throw');
    assert.deepEqual(await redrive({ ids: [poison[0]?._id] }), [poison[0]?._id]);
    await reach(poison, ['done', 'dead']);
    await disarm('throw-in-load');
    assert.deepEqual(await redrive({ kind: 'poison.skip' }), [poison[1]?._id]);
    await reach(poison, ['done', 'done']);
    assert.deepEqual([await trail(bad), await trail(worse)], [['first'], ['second']]);
    assert.deepEqual(await deadLetters(), []);
    assert.equal(respawned, 0, 'a throw ended a process');
    await checkInvariants(system.db, { acknowledged: [] });
  });

  it('that kills its process takes three of them at most, and nobody else’s work', async () => {
    const [bad = ''] = keysOf('gamification.1', 1);
    const good = system.people.map((userId, index) => grantRow(userId, system.adminId, `load-survivor-${index}`));
    const killer = poisonRow('skip', bad, 'killer', 'kill');
    const before = respawned;
    await insertRows(system.db, [...good.slice(0, 8), killer, ...good.slice(8)]);
    await reach([killer], ['dead'], 60_000);
    await reach(
      good,
      good.map(() => 'done'),
    );
    const died = respawned - before;
    console.log(`      ${died} processes died`);
    assert.ok(died >= 1 && died <= 3, `${died} processes died`);
    const [letter] = await deadLetters();
    assert.deepEqual(letter?.id, killer._id);
    await disarm('kill');
    assert.deepEqual(await redrive({ kind: 'poison.skip' }), [killer._id]);
    await reach([killer], ['done']);
    assert.deepEqual(await trail(bad), ['killer']);
    assert.equal(respawned - before, died);
    await checkInvariants(system.db, { acknowledged: [] });
  });

  for (const mode of ['throw', 'throw-in-load', 'kill'] as const) {
    it(`of a kind that blocks holds its key until the redrive, and no other key (${mode})`, async () => {
      const [held = '', free = ''] = keysOf('gamification.2', 2);
      const blocked = [
        poisonRow('block', held, 'before', 'none'),
        poisonRow('block', held, 'bad', mode),
        poisonRow('block', held, 'next', 'none'),
        poisonRow('block', held, 'last', 'none'),
      ];
      const other = [poisonRow('block', free, 'one', 'none'), poisonRow('block', free, 'two', 'none')];
      await insertRows(system.db, [...blocked.slice(0, 2), ...other, ...blocked.slice(2)]);
      await reach(blocked, ['done', 'dead', 'new', 'new'], 60_000);
      await reach(other, ['done', 'done']);
      assert.deepEqual([await trail(held), await trail(free)], [['before'], ['one', 'two']]);
      // One that comes now waits behind them, and one of the other key is done past them.
      const later = [poisonRow('block', held, 'later', 'none'), poisonRow('block', free, 'three', 'none')];
      await insertRows(system.db, later);
      await reach(later, ['new', 'done']);
      await disarm(mode);
      await redrive({ ids: [blocked[1]?._id] });
      await reach([...blocked, ...later], ['done', 'done', 'done', 'done', 'done', 'done']);
      assert.deepEqual(await trail(held), ['before', 'bad', 'next', 'last', 'later']);
      await ownerOf(system.db, 'gamification.2');
      await checkInvariants(system.db, { acknowledged: [] });
    });
  }
});
