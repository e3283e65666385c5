// What the user service keeps about a person, beside exports (exports.effects.ts). The account itself is emptied by the
// erasure when all parts are done.
import { limits } from '#config/limits.ts';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { FeedEvents } from '#src/platform/events/feeds.ts';
import { Mails } from '#src/platform/mail/mail.model.ts';
import { sendMailKind } from '#src/platform/mail/template.ts';
import { definePersonalData, defineOwnRows } from '#src/platform/personal/personal.ts';
import { AnalyticsChoices, ProfileViews } from './activity/activity.model.ts';
import { Connections } from './connections/connections.model.ts';
import { erasedName } from './deletion/deletion.effects.ts';
import { Portfolios } from './portfolio/portfolio.model.ts';
import { Endorsements, SkillLists } from './skills/skills.model.ts';
import { Users } from './user.model.ts';

const unseen = { passwordHash: 0, nameKey: 0, namePrefixes: 0, placePrefixes: 0 };

definePersonalData({
  name: 'user/account',
  rows: (userId) => Users.native().find({ _id: userId }, { projection: unseen }),
  holds: async (userId) => {
    const admin = await Users.native().findOne({ _id: userId, roles: 'admin' }, { projection: { _id: 1 } });
    return admin && 'You are an admin: have another admin take that role from you first';
  },
});
defineOwnRows(Connections, {
  name: 'user/connections',
  of: (userId) => ({ members: userId }),
  // Who of the two blocked the other is the other's business too.
  without: ['snapshot' as never, 'blockedBy'],
});
defineOwnRows(SkillLists, { name: 'user/skills', of: (userId) => ({ _id: userId }) });
defineOwnRows(Endorsements, { name: 'user/endorsements', of: (userId) => ({ $or: [{ userId }, { by: userId }] }) });
defineOwnRows(Portfolios, { name: 'user/portfolio', of: (userId) => ({ _id: userId }) });
defineOwnRows(ProfileViews, { name: 'user/profile-views', of: (userId) => ({ userId }), without: ['_id'] });
defineOwnRows(AnalyticsChoices, { name: 'user/analytics-choices', of: (userId) => ({ _id: userId }) });
/** The address mails to somebody went to; null where there is no such account. */
async function addressOf(userId: string): Promise<string | null> {
  return (await Users.native().findOne({ _id: userId }, { projection: { email: 1 } }))?.email ?? null;
}

definePersonalData({
  name: 'user/mails',
  // Links in them would log somebody in.
  rows: async function* (userId) {
    const to = await addressOf(userId);
    yield* to === null ? [] : Mails.native().find({ to }, { projection: { subject: 0, text: 0 } });
  },
  erase: async (userId) => {
    const to = await addressOf(userId);
    if (to === null) {
      return;
    }
    await Mails.native().deleteMany({ to });
    // A mail that gave up would keep name and address for as long as nobody redrives it; after this nobody can.
    await Work.native().updateMany(
      { kind: sendMailKind, state: { $in: ['done', 'refused', 'dead'] }, 'input.to': to },
      { $set: { 'input.to': `erased.${userId}@invalid`, 'input.data': null } },
    );
  },
});
definePersonalData({
  name: 'user/activity',
  rows: (userId) =>
    Events.native().find(
      { actor: userId },
      { projection: { traceparent: 0 }, sort: { time: 1 }, maxTimeMS: limits.mongoStreamMs },
    ),
  erase: async (userId) => {
    const audience = `user.${userId}`;
    await FeedEvents.native().deleteMany({ feed: audience });
    // What happened stays, for those it concerned; the name does not.
    await Events.native().updateMany({ audience, type: 'user.registered' }, { $set: { 'data.name': erasedName } });
  },
});
