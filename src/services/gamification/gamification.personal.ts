// What gamification keeps about a person. Boards, sums and other people's ranks rest on it, so it stays when they leave:
// under an id behind which nobody stands any more.
import { definePersonalData, defineOwnRows } from '#src/platform/personal/personal.ts';
import { BadgeAwards, XpGrants, XpTotals } from './gamification.model.ts';

const keeps = 'the points, badges and ranks of others rest on it; nothing in it says who you were';

defineOwnRows(XpGrants, {
  name: 'gamification/xp-ledger',
  of: (userId) => ({ userId }),
  without: ['requestHash', 'answer'],
  keeps,
});
defineOwnRows(BadgeAwards, { name: 'gamification/badges', of: (userId) => ({ userId }), keeps });
definePersonalData({
  name: 'gamification/totals',
  rows: (userId) => XpTotals.native().find({ _id: userId }),
  keeps,
});
