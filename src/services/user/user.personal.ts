// What the user service keeps about a person, beside exports (exports.effects.ts). The account itself is emptied by the
// erasure when all parts are done.
import { Events } from '#src/platform/events/event.ts';
import { FeedEvents } from '#src/platform/events/feeds.ts';
import { definePersonalData, defineOwnRows } from '#src/platform/personal/personal.ts';
import { AnalyticsChoices, ProfileViews } from './activity/activity.model.ts';
import { Connections } from './connections/connections.model.ts';
import { erasedName } from './deletion/deletion.effects.ts';
import { Portfolios } from './portfolio/portfolio.model.ts';
import { Endorsements, SkillLists } from './skills/skills.model.ts';
import { Users } from './user.model.ts';

const unseen = { passwordHash: 0, nameKey: 0, namePrefixes: 0, placeKeys: 0 };

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
definePersonalData({
  name: 'user/activity',
  rows: (userId) =>
    Events.native().find({ actor: userId }, { projection: { pending: 0, traceparent: 0 }, sort: { time: 1 } }),
  erase: async (userId) => {
    const audience = `user.${userId}`;
    await FeedEvents.native().deleteMany({ feed: audience });
    // What happened stays, for those it concerned; the name does not.
    await Events.native().updateMany({ audience, type: 'user.registered' }, { $set: { 'data.name': erasedName } });
  },
});
