// Sockets through faults: a client on the other API gets every event once, in order, by its cursor; HTTP says the same.
import assert from 'node:assert/strict';
import { shardFor } from '#src/platform/commands/work.ts';
import { toCloudEvent } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { eventually } from '../support/eventually.ts';
import { follow, readOverHttp, type Follower } from '../support/feed-client.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startLoad, type Grant } from '../support/load.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const noted = {
  type: 'suite.noted',
  subject: 'suite',
  actor: 'system',
  data: {},
  time: new Date(),
  requestId: 'suite',
};

describe('a feed that is followed through faults', () => {
  let system: System;
  let followers: readonly { readonly feed: string; readonly follower: Follower }[];
  const acknowledged: Grant[] = [];
  const failures: string[] = [];

  before(async () => {
    system = await startSystem({ people: 6 });
    // Everybody grants through the first API and listens on the second.
    followers = await Promise.all(
      system.people.map(async (userId) => {
        const feed = `user.${userId}`;
        return { feed, follower: await follow(system.url(1), system.token, feed, (reason) => failures.push(reason)) };
      }),
    );
  });
  after(async () => {
    followers?.forEach(({ follower }) => follower.close());
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  /** Grants while the fault happens, then compares what each follower applied with the truth. */
  async function throughFault(fault: () => Promise<void>): Promise<void> {
    const load = startLoad({ ...system, urls: () => [system.url(0)], callers: 8 });
    await eventually(() => assert.ok(load.report.grants.length > 30), 15_000);
    await fault();
    const then = load.report.grants.length;
    await eventually(() => assert.ok(load.report.grants.length > then + 30), 20_000);
    const report = await load.stop();
    assert.deepEqual(report.unexpected, []);
    acknowledged.push(...report.grants);
    await checkInvariants(system.db, { acknowledged });
    for (const { feed, follower } of followers) {
      const rows = await system.db.collection('feed_events').find({ feed }).sort({ seq: 1 }).toArray();
      const truth = rows.map((row) => ({ seq: row['seq'] as number, id: row['event'].id as string }));
      // The beacon tells of a loss at the tail within 15 s.
      await eventually(() => assert.equal(follower.applied.length, truth.length, `${feed} is behind`), 20_000);
      assert.deepEqual(follower.applied, truth, `what the client applied of ${feed}`);
      const half = Math.floor(truth.length / 2);
      assert.deepEqual(await readOverHttp(system.url(0), system.token, feed, half), truth.slice(half));
    }
    assert.deepEqual(failures, []);
  }

  const count = (way: 'live' | 'asked'): number => followers.reduce((sum, { follower }) => sum + follower.ways[way], 0);

  it('comes live on the other API, without asking', async () => {
    const before = count('live');
    await throughFault(async () => await Promise.resolve());
    assert.ok(count('live') > before + 60, `only ${count('live') - before} events came live`);
  });

  it('resumes by its cursor after connections were cut', async () => {
    await throughFault(async () => {
      const before = followers.map(({ follower }) => follower.connections());
      followers.forEach(({ follower }) => follower.drop());
      await eventually(() => {
        followers.forEach(({ follower }, index) => assert.ok(follower.connections() > (before[index] ?? 0)));
      }, 10_000);
    });
  });

  it('resumes when its API was killed and is back', async () => {
    const before = count('asked');
    await throughFault(async () => {
      await system.fleet.restartApi(1);
    });
    assert.ok(count('asked') > before, 'nobody had anything to ask for');
  });

  it('misses nothing when Redis is killed, emptied and back', async () => {
    await throughFault(async () => {
      await system.servers.restartRedis('kill', 500);
      await system.servers.flushRedis();
    });
  });

  it('misses nothing when an owner of feeds is killed', async () => {
    await throughFault(async () => {
      await system.fleet.restartWorker(0);
    });
  });

  it('gets its one place of an event that already has one in another feed', async () => {
    const numbered = `user.${system.people[0]}`;
    const waiting = feedInAnotherShard(numbered);
    const head = await system.db.collection('feed_events').findOne({ feed: numbered }, { sort: { seq: -1 } });
    assert.ok(head, 'the feed has begun');
    const _id = `${newId()}.0`;
    const event = { ...toCloudEvent({ ...noted, _id, audience: [numbered, waiting] }) };
    const place = {
      _id: `${numbered}|${_id}`,
      feed: numbered,
      seq: (head['seq'] as number) + 1,
      epoch: head['epoch'] as string,
    };
    const places = system.db.collection<{ _id: string }>('feed_events');
    const events = system.db.collection<{ _id: string }>('events');
    const outbox = system.db.collection<{ _id: string }>('feed_outbox');
    await places.insertOne({ ...place, event, expireAt: head['expireAt'] } as never);
    await events.insertOne({ ...noted, _id, audience: [numbered, waiting] } as never);
    await outbox.insertOne({ _id: newId(), shard: shardFor('feeds', waiting), events: [_id], at: noted.time } as never);
    await checkInvariants(system.db, { acknowledged });
  });

  /** A person's feed that another shard numbers. */
  function feedInAnotherShard(feed: string): string {
    const others = system.people.map((userId) => `user.${userId}`);
    return others.find((other) => shardFor('feeds', other) !== shardFor('feeds', feed)) ?? 'platform';
  }
});
