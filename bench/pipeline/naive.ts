// The naive way to grant XP: one mongoose transaction for each request, writing the same rows as the product does:
// work row, ledger row, totals with level and badges, awards, event, and the event's number in the person's feed.
import mongoose, { type ClientSession } from 'mongoose';
import { z } from 'zod';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { Events, toCloudEvent, type StoredEvent } from '#src/platform/events/event.ts';
import { FeedEvents } from '#src/platform/events/feeds.ts';
import { canonicalJson, newId, sha256 } from '#src/platform/ids.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { retention } from '#config/retention.ts';
import {
  BadgeAwards,
  XpGrants,
  XpTotals,
  type XpAnswer,
  type XpTotal,
} from '#src/services/gamification/gamification.model.ts';
import { badgesEarned, levelAt, levelNumbered } from '#src/services/gamification/gamification.policy.ts';
import { addXp } from '#src/services/gamification/gamification.schema.ts';

/** What a naive request or job carries. */
export const naiveGrant = z.object({ input: addXp, actor: z.string(), key: z.string(), requestId: z.string() });

/** A grant on the naive way. */
export type NaiveGrant = z.output<typeof naiveGrant>;

const Heads = defineCollection<{ _id: string; seq: number }>('naive_feed_heads', { seq: Number });

/** Grants XP in a transaction of its own, tried again on conflicts; a repeat of a key gets the first answer. */
export async function grantInOneTransaction(grant: NaiveGrant): Promise<XpAnswer> {
  return await mongoose.connection.transaction(async (session) => await write(session, grant), {
    writeConcern: { w: 'majority', journal: true },
  });
}

const kind = 'gamification.xp.add';

async function write(session: ClientSession, grant: NaiveGrant): Promise<XpAnswer> {
  const { input, actor, key } = grant;
  const first = await Work.model.findOne({ actor, kind, idempotencyKey: key }).session(session).lean<WorkRow>();
  if (first) {
    return first.result as XpAnswer;
  }
  const now = new Date();
  const before = (await XpTotals.model.findById(input.userId).session(session).lean<XpTotal>()) ?? {
    _id: input.userId,
    xp: 0,
    grants: 0,
    level: 1,
    achievedAt: 0,
    badges: [],
    rev: 0,
  };
  const { answer, totals } = totalsAfter(before, input.amount, now);
  await XpTotals.model.updateOne({ _id: input.userId }, { $set: totals }, { session, upsert: true });
  await record(session, grant, answer, now);
  await emit(session, grant, { ...answer, grants: totals.grants }, now);
  return answer;
}

function totalsAfter(before: XpTotal, amount: number, now: Date) {
  const after = { xp: before.xp + amount, grants: before.grants + 1, level: levelAt(before.xp + amount).number };
  const awarded = badgesEarned(after, new Set(before.badges.map(({ code }) => code)));
  const { name, number } = levelNumbered(after.level);
  const answer: XpAnswer = {
    userId: before._id,
    xp: after.xp,
    level: { name, number },
    awarded: awarded.map((badge) => ({ code: badge.code, name: badge.name })),
  };
  const badges = [...before.badges, ...awarded.map(({ code }) => ({ code, awardedAt: now }))];
  return { answer, totals: { ...after, achievedAt: now.getTime(), badges, rev: before.rev + 1 } };
}

/** The ledger row, the awards, and the work row that knows the answer. */
async function record(session: ClientSession, grant: NaiveGrant, answer: XpAnswer, now: Date): Promise<void> {
  const { input, actor, key, requestId } = grant;
  const { userId, amount, reason } = input;
  const requestHash = sha256(canonicalJson(input));
  const evidence = `c.${actor}.${key}`;
  const times = { occurredAt: now, recordedAt: now };
  const ledgerRow = { _id: evidence, userId, amount, reason, actor, requestId, requestHash, answer, ...times };
  await XpGrants.model.create([ledgerRow], { session });
  for (const { code } of answer.awarded) {
    const award = { _id: `${code}.${userId}`, userId, badge: code, awardedAt: now, evidence };
    await BadgeAwards.model.create([award], { session });
  }
  const expireAt = new Date(now.getTime() + retention.workSettledMs);
  const settled = {
    state: 'done',
    result: answer,
    attempts: 0,
    notBefore: now,
    acceptedAt: now,
    doneAt: now,
    expireAt,
  };
  const asked = { shard: 'naive', kind, key: userId, input, actor, idempotencyKey: key, requestHash, requestId };
  await Work.model.create([{ _id: newId(), ...asked, ...settled } as WorkRow], { session });
}

/** The event, and its number in the person's feed. */
async function emit(
  session: ClientSession,
  grant: NaiveGrant,
  data: Record<string, unknown>,
  now: Date,
): Promise<void> {
  const feed = `user.${grant.input.userId}`;
  const event: StoredEvent = {
    _id: `${newId()}.0`,
    type: 'xp.added',
    subject: feed,
    actor: grant.actor,
    data: { ...data, amount: grant.input.amount, reason: grant.input.reason },
    audience: [feed],
    time: now,
    requestId: grant.requestId,
  };
  await Events.model.create([event], { session });
  const head = await Heads.native().findOneAndUpdate(
    { _id: feed },
    { $inc: { seq: 1 } },
    { session, upsert: true, returnDocument: 'after' },
  );
  const expireAt = new Date(now.getTime() + retention.feedEventsMs);
  const place = { _id: `${feed}|${event._id}`, feed, seq: head?.seq ?? 1, epoch: 'naive', expireAt };
  await FeedEvents.model.create([{ ...place, event: toCloudEvent(event) }], { session });
}
