// The rule of feeds, and a follower that is fed with losses, repeats and late answers.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { judge } from '#src/demo/feed-cursor.ts';
import { Follower } from '#src/demo/follower.ts';

const placed = (seq: number, epoch = 'e1') => ({ seq, epoch, event: { type: 'xp.added', data: { n: seq } } });

describe('demo: seq rule', () => {
  const at = { seq: 5, epoch: 'e1' };
  const cases = [
    { place: { seq: 6, epoch: 'e1' }, verdict: 'next' },
    { place: { seq: 5, epoch: 'e1' }, verdict: 'known' },
    { place: { seq: 1, epoch: 'e1' }, verdict: 'known' },
    { place: { seq: 7, epoch: 'e1' }, verdict: 'gap' },
    { place: { seq: 6, epoch: 'e2' }, verdict: 'gap' },
    { place: { seq: 1, epoch: 'e2' }, verdict: 'gap' },
  ];
  for (const { place, verdict } of cases) {
    it(`seq ${place.seq} of ${place.epoch} after 5 of e1 is ${verdict}`, () => {
      assert.equal(judge(at, place), verdict);
    });
  }

  it('the first event of an empty feed is next, whatever its epoch', () => {
    assert.equal(judge({ seq: 0, epoch: null }, { seq: 1, epoch: 'e9' }), 'next');
  });
});

/** A feed on a server, and how often it was asked. */
function feedOf(events: readonly ReturnType<typeof placed>[], page = 3) {
  const feed = { events: [...events], asked: 0 };
  const answerTo = (message: { since?: number; epoch?: string | null }): unknown => {
    const head = feed.events.at(-1);
    const epoch = head?.epoch ?? null;
    const end = { ok: true, head: head?.seq ?? 0, epoch, more: false, events: [] };
    if (message.since === undefined) {
      return end;
    }
    if (message.epoch !== null && message.epoch !== epoch) {
      return { ...end, reset: true };
    }
    const after = feed.events.filter(({ seq }) => seq > (message.since ?? 0));
    return { ...end, events: after.slice(0, page), more: after.length > page };
  };
  const subscribe = async (message: { since?: number; epoch?: string | null }): Promise<unknown> => {
    feed.asked += 1;
    // As it is when the question arrives; the answer comes later.
    const answer = answerTo(message);
    await Promise.resolve();
    return answer;
  };
  return { feed, subscribe };
}

async function followerOf(events: readonly ReturnType<typeof placed>[]) {
  const { feed, subscribe } = feedOf(events);
  const applied: unknown[] = [];
  const follower = new Follower('user.u1', subscribe, ({ data }) => applied.push(data['n']));
  await follower.join();
  return { feed, follower, applied };
}

describe('demo: follower', () => {
  it('begins at the end of the feed', async () => {
    const { follower, applied } = await followerOf([placed(1), placed(2)]);
    follower.take(placed(2));
    follower.take(placed(3));
    assert.deepEqual(applied, [3]);
  });

  it('applies every event once and in order, whatever of it arrives live and how often', async () => {
    const arrivals = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(arrivals, async (seqs) => {
        const { feed, follower, applied } = await followerOf([]);
        for (const seq of seqs) {
          while (feed.events.length < seq) {
            feed.events.push(placed(feed.events.length + 1));
          }
          follower.take(placed(seq));
          if (seq % 3 === 0) {
            await Promise.resolve();
          }
        }
        await follower.catchUp();
        await follower.catchUp();
        assert.deepEqual(
          applied,
          feed.events.map(({ seq }) => seq),
        );
      }),
    );
  });

  it('asks for page after page', async () => {
    const { feed, follower, applied } = await followerOf([]);
    feed.events.push(...[1, 2, 3, 4, 5, 6, 7].map((seq) => placed(seq)));
    await follower.catchUp();
    assert.deepEqual([applied, follower.counts.asked], [[1, 2, 3, 4, 5, 6, 7], 7]);
  });

  it('asks again for what it passed over while an answer was on its way', async () => {
    const { feed, follower, applied } = await followerOf([]);
    feed.events.push(placed(1), placed(2));
    follower.take(placed(2));
    feed.events.push(placed(3), placed(4));
    follower.take(placed(4));
    await follower.catchUp();
    assert.deepEqual(applied, [1, 2, 3, 4]);
  });

  it('finds a loss at the tail by the beacon', async () => {
    const { feed, follower, applied } = await followerOf([placed(1)]);
    feed.events.push(placed(2), placed(3));
    follower.beacon(3);
    await follower.catchUp();
    assert.deepEqual(applied, [2, 3]);
    const { asked } = feed;
    follower.beacon(3);
    assert.equal(feed.asked, asked);
  });

  it('goes on from the head where its cursor is void', async () => {
    const { feed, follower, applied } = await followerOf([placed(1), placed(2)]);
    feed.events = [placed(1, 'e2')];
    follower.take(placed(1, 'e2'));
    await follower.catchUp();
    assert.deepEqual([applied, follower.counts.resets], [[], 1]);
    feed.events.push(placed(2, 'e2'));
    follower.take(placed(2, 'e2'));
    assert.deepEqual(applied, [2]);
  });

  it('takes nothing that is no event', async () => {
    const { follower, applied } = await followerOf([]);
    for (const message of [undefined, {}, { seq: '1' }, { ...placed(1), event: null }]) {
      follower.take(message);
    }
    assert.deepEqual(applied, []);
  });
});
