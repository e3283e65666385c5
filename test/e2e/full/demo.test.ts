// The demo against two API and three worker processes while they are killed: eleven years of a community, shuffled,
// come to exactly the expected figures, and a second run changes nothing.
import assert from 'node:assert/strict';
import { mongo } from 'mongoose';
import { expected } from '#src/demo/expected.ts';
import { demo } from '../../support/demo.ts';
import { eventually } from '../../support/eventually.ts';
import { type Fleet, startFleet } from '../../support/fleet.ts';
import { startTestServers, type TestServers } from '../../support/servers.ts';

const contributions = 17_996;
const people = 1_588;
/** Levels reached by all people together, and people who got beyond the first. */
const levelsReached = expected.atLevels.reduce((sum, count, index) => sum + count * index, 0);
const beyondFirst = people - (expected.atLevels[0] ?? 0);
/** The next worker is killed when this many grants were done since the last one came back: about 2 s of work. */
const grantsBetweenKills = 1_000;

describe('demo', function () {
  this.timeout(420_000);
  let servers: TestServers;
  let fleet: Fleet;
  let client: mongo.MongoClient;

  before(async () => {
    servers = await startTestServers();
    client = await mongo.MongoClient.connect(servers.mongoUrl);
    fleet = await startFleet({ servers, apis: 2, workers: 3 });
  });

  after(async () => {
    await fleet?.stop();
    await client?.close();
    await servers?.stop();
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stderr.write(`${fleet?.logs() ?? ''}\n`);
    }
  });

  const count = async (collection: string, filter = {}): Promise<number> =>
    await client.db().collection(collection).countDocuments(filter);

  /** Kills and replaces one process after the other for as long as grants are being done; resolves with how many. */
  async function killDuring(play: Promise<unknown>): Promise<number> {
    let playing = true;
    void play.finally(() => (playing = false));
    for (let kills = 0; ; kills += 1) {
      const next = (await count('xp_ledger')) + grantsBetweenKills;
      const stillPlaying = await eventually(async () => {
        const done = await count('xp_ledger');
        assert.ok(!playing || done >= Math.min(next, contributions));
        return playing && done < contributions;
      }, 120_000);
      if (!stillPlaying) {
        return kills;
      }
      await (kills % 4 === 3 ? fleet.restartApi(1) : fleet.restartWorker(kills % fleet.workers.length));
    }
  }

  const sums = async (collection: string, group: object): Promise<mongo.BSON.Document> => {
    const [found] = await client
      .db()
      .collection(collection)
      .aggregate([{ $group: { _id: null, ...group } }, { $project: { _id: 0 } }])
      .toArray();
    return found ?? {};
  };

  /** What MongoDB holds when all reactions are done and all events have their places. */
  async function truth() {
    await eventually(async () => {
      assert.equal(await count('work', { state: 'new' }), 0);
      assert.equal(await count('feed_outbox'), 0);
    }, 30_000);
    return {
      ledger: await sums('xp_ledger', { rows: { $sum: 1 }, xp: { $sum: '$amount' } }),
      totals: await sums('xp_totals', { rows: { $sum: 1 }, xp: { $sum: '$xp' }, grants: { $sum: '$grants' } }),
      badges: await sums('xp_totals', { count: { $sum: { $size: '$badges' } } }),
      awards: await count('badge_awards'),
      users: await count('users'),
      added: await count('events', { type: 'xp.added' }),
      awarded: await count('events', { type: 'badge.awarded' }),
      reached: await count('events', { type: 'level.reached' }),
      onboarded: await count('events', { type: 'onboarding.completed' }),
      transitions: await count('transitions'),
      audiences: await sums('events', { places: { $sum: { $size: '$audience' } } }),
      places: await count('feed_events'),
      dead: await count('dead_letters'),
    };
  }

  it('comes to the expected figures while one process after the other is killed, and changes nothing the second time', async () => {
    const play = demo(fleet.apis, '--shuffle', '20260301');
    const [kills, first] = await Promise.all([killDuring(play), play]);
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /^Every figure is as expected$/mu);
    assert.ok(kills >= 5, `Only ${kills} processes were killed`);
    const after = await truth();
    const { badges, audiences, awards } = after;
    assert.deepEqual(after, {
      ledger: { rows: contributions, xp: expected.xp },
      totals: { rows: people, xp: expected.xp, grants: contributions },
      badges: { count: awards },
      awards,
      // And the admin.
      users: people + 1,
      added: contributions,
      awarded: badges['count'],
      reached: levelsReached,
      onboarded: beyondFirst,
      // Everybody begins, the people earn, and some of them reach the second level.
      transitions: people + 1 + people + beyondFirst,
      audiences,
      places: audiences['places'],
      dead: 0,
    });

    const second = await demo(fleet.apis);
    assert.equal(second.code, 0, second.text);
    assert.match(second.text, /^0 people made, 1,588 were there$/mu);
    assert.match(second.text, /^0 grants were new, /mu);
    assert.match(second.text, /^Nothing happened on the 40 feeds that were followed$/mu);
    assert.deepEqual(await truth(), after);
  });
});
