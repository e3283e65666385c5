// What must be true of a database after any fault, once everything accepted has come to its end. Called by test/e2e.
import assert from 'node:assert/strict';
import type { mongo } from 'mongoose';
import { levels } from '#config/gamification.ts';
import { verifyChain, type Transition } from '#src/platform/machines/store.ts';
import { eventually } from './eventually.ts';
import type { Grant } from './load.ts';

/** What the suite knows. */
export interface Known {
  /** Grants that a 2xx acknowledged. */
  readonly acknowledged: readonly Grant[];
  /** Ids of work that must be a dead letter now; none otherwise. */
  readonly dead?: readonly string[];
  /** Milliseconds that what is accepted may take to come to its end. */
  readonly settleMs?: number;
}

interface Row extends Record<string, unknown> {
  readonly _id: string;
}

interface LedgerRow extends Row {
  readonly userId: string;
  readonly amount: number;
  readonly reason: string;
  readonly answer: { readonly awarded: readonly { readonly code: string }[] };
}

interface TotalsRow extends Row {
  readonly xp: number;
  readonly grants: number;
  readonly level: number;
  readonly rev: number;
  readonly badges: readonly { readonly code: string }[];
}

interface EventRow extends Row {
  readonly type: string;
  readonly audience: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

interface PlaceRow extends Row {
  readonly feed: string;
  readonly seq: number;
  readonly epoch: string;
  readonly event: { readonly id: string };
}

/** The badges that totals demand: written down here a second time, so that a wrong rule is found. */
const demanded: readonly (readonly [code: string, when: (totals: TotalsRow) => boolean])[] = [
  ['first-contribution', ({ grants }) => grants >= 1],
  ['regular', ({ grants }) => grants >= 10],
  ['centurion', ({ grants }) => grants >= 100],
  ['night-watcher', ({ xp }) => xp >= 1_500],
  ['sky-master', ({ xp }) => xp >= 50_000],
];

async function all<Doc extends Row>(db: mongo.Db, name: string): Promise<Doc[]> {
  return (await db.collection<Doc>(name).find().sort({ _id: 1 }).toArray()) as unknown as Doc[];
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  }
  return counts;
}

function groups<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const grouped = new Map<string, Item[]>();
  for (const item of items) {
    grouped.set(keyOf(item), [...(grouped.get(keyOf(item)) ?? []), item]);
  }
  return grouped;
}

/** Waits until no work is undone and every event has its places. @throws AssertionError saying what is left */
export async function settled(db: mongo.Db, settleMs = 20_000): Promise<void> {
  await eventually(
    async () => {
      const [work, unplaced] = await Promise.all([
        db.collection('work').find({ state: 'new' }).project({ kind: 1, shard: 1, attempts: 1, error: 1 }).toArray(),
        db.collection('feed_outbox').countDocuments(),
      ]);
      assert.deepEqual(work, [], 'work is still to be done');
      assert.equal(unplaced, 0, 'events are still without their places in feeds');
    },
    settleMs,
    100,
  );
}

/** Waits until all is settled, then checks every promise that holds at rest. @throws AssertionError naming the rows */
export async function checkInvariants(db: mongo.Db, known: Known): Promise<void> {
  await settled(db, known.settleMs);
  const [ledger, totals, events] = await Promise.all([
    all<LedgerRow>(db, 'xp_ledger'),
    all<TotalsRow>(db, 'xp_totals'),
    all<EventRow>(db, 'events'),
  ]);
  checkLedger(ledger, known.acknowledged);
  checkTotals(ledger, totals);
  await checkBadges(db, ledger, totals);
  checkEvents(ledger, totals, events);
  checkPlaces(events, await all<PlaceRow>(db, 'feed_events'));
  await checkMachines(db, totals);
  await checkDead(db, known.dead ?? []);
}

/** Every acknowledged grant is in the ledger once, as it was asked for and answered. Reasons of loads are unique. */
function checkLedger(ledger: readonly LedgerRow[], acknowledged: readonly Grant[]): void {
  const doubled = [...countBy(ledger, ({ reason }) => reason)].filter(
    ([reason, count]) => reason.startsWith('load-') && count > 1,
  );
  assert.deepEqual(doubled, [], 'grants are in the ledger more than once');
  const byReason = new Map(ledger.map((row) => [row.reason, row]));
  for (const { key, userId, amount, answer } of acknowledged) {
    const row = byReason.get(key);
    assert.ok(row, `the acknowledged grant ${key} is not in the ledger`);
    assert.ok(row._id.endsWith(`.${key}`), `the grant ${key} is in the ledger as ${row._id}`);
    assert.deepEqual({ userId: row.userId, amount: row.amount, answer: row.answer }, { userId, amount, answer });
  }
}

function checkTotals(ledger: readonly LedgerRow[], totals: readonly TotalsRow[]): void {
  const expected = [...groups(ledger, ({ userId }) => userId)]
    .map(([_id, rows]) => {
      const xp = rows.reduce((sum, { amount }) => sum + amount, 0);
      const level = levels.filter((rung) => rung.xp <= xp).length;
      return { _id, xp, grants: rows.length, level, rev: rows.length };
    })
    .toSorted((left, right) => (left._id < right._id ? -1 : 1));
  const found = totals.map(({ _id, xp, grants, level, rev }) => ({ _id, xp, grants, level, rev }));
  assert.deepEqual(found, expected, 'totals are not the sum of the ledger');
}

async function checkBadges(db: mongo.Db, ledger: readonly LedgerRow[], totals: readonly TotalsRow[]): Promise<void> {
  const expected = totals
    .flatMap((row) => demanded.filter(([, when]) => when(row)).map(([code]) => `${code}.${row._id}`))
    .toSorted();
  const awards = await all(db, 'badge_awards');
  assert.deepEqual(awards.map(({ _id }) => _id).toSorted(), expected, 'the awards are not those the totals demand');
  const owned = totals.flatMap((row) => row.badges.map(({ code }) => `${code}.${row._id}`)).toSorted();
  assert.deepEqual(owned, expected, 'people own other badges than they were awarded');
  const told = ledger.flatMap((row) => row.answer.awarded.map(({ code }) => `${code}.${row.userId}`)).toSorted();
  assert.deepEqual(told, expected, 'an award was told twice or never');
}

/** One event for each fact, and those of one person count its grants without a gap. */
function checkEvents(ledger: readonly LedgerRow[], totals: readonly TotalsRow[], events: readonly EventRow[]): void {
  const added = groups(
    events.filter(({ type }) => type === 'xp.added'),
    ({ data }) => String(data['userId']),
  );
  assert.equal([...added.values()].flat().length, ledger.length, 'there is not one xp.added for each grant');
  for (const { _id, grants, badges, level } of totals) {
    const counted = (added.get(_id) ?? []).map(({ data }) => Number(data['grants'])).toSorted((a, b) => a - b);
    assert.deepEqual(
      counted,
      Array.from({ length: grants }, (_, index) => index + 1),
      `the grants of ${_id} as events`,
    );
    const of = (type: string): number =>
      events.filter((event) => event.type === type && event.data['userId'] === _id).length;
    assert.equal(of('badge.awarded'), badges.length, `the badges of ${_id} as events`);
    assert.equal(of('level.reached'), level - 1, `the levels of ${_id} as events`);
  }
}

/** Each event stands once in each feed of its audience; each feed counts 1 to N. */
function checkPlaces(events: readonly EventRow[], places: readonly PlaceRow[]): void {
  const expected = events.flatMap(({ _id, audience }) => audience.map((feed) => `${feed} ${_id}`)).toSorted();
  const found = places.map(({ feed, event }) => `${feed} ${event.id}`).toSorted();
  assert.deepEqual(found, expected, 'an event is not once in each of its feeds');
  for (const [feed, rows] of groups(places, (place) => place.feed)) {
    const numbers = rows.map(({ seq }) => seq).toSorted((left, right) => left - right);
    assert.deepEqual(
      numbers,
      Array.from({ length: rows.length }, (_, index) => index + 1),
      `the numbers of ${feed}`,
    );
    assert.equal(new Set(rows.map(({ epoch }) => epoch)).size, 1, `${feed} has more than one epoch`);
  }
}

/** Chains of steps are whole, and each person's first points and second level moved their onboarding once. */
async function checkMachines(db: mongo.Db, totals: readonly TotalsRow[]): Promise<void> {
  const steps = (await all<Transition & Row>(db, 'transitions')) as unknown as Transition[];
  const byInstance = groups(
    steps.toSorted((left, right) => left.seq - right.seq),
    ({ instance }) => instance,
  );
  const instances = await all<Row & { seq: number; lastHash: string }>(db, 'machine_instances');
  assert.deepEqual(
    [...byInstance.keys()].toSorted(),
    instances.map(({ _id }) => _id),
    'steps without their machine',
  );
  for (const { _id, seq, lastHash } of instances) {
    const chain = byInstance.get(_id) ?? [];
    assert.equal(verifyChain(chain), true, `the steps of ${_id} do not follow one another`);
    const last = chain.at(-1);
    assert.deepEqual(
      { seq: last?.seq, hash: last?.hash },
      { seq, hash: lastHash },
      `${_id} is not where its steps end`,
    );
  }
  for (const { _id, level } of totals) {
    const taken = (byInstance.get(`onboarding.${_id}`) ?? []).map(({ event }) => event.type);
    const earned = taken.filter((type) => type === 'XP_EARNED' || type === 'LEVEL_REACHED');
    assert.deepEqual(earned, level >= 2 ? ['XP_EARNED', 'LEVEL_REACHED'] : ['XP_EARNED'], `the onboarding of ${_id}`);
  }
}

async function checkDead(db: mongo.Db, expected: readonly string[]): Promise<void> {
  const letters = (await all(db, 'dead_letters')).filter((letter) => (letter['redrivenAt'] ?? null) === null);
  const dead = (await all(db, 'work')).filter(({ state }) => state === 'dead');
  const errors = letters.map(({ _id, error }) => `${_id}: ${String(error)}`).join('\n');
  assert.deepEqual(
    letters.map(({ _id }) => _id),
    [...expected].toSorted(),
    `dead letters:\n${errors}`,
  );
  assert.deepEqual(
    dead.map(({ _id }) => _id),
    [...expected].toSorted(),
    'dead work',
  );
}
