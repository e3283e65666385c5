// What must be true of the XP ledger, totals and badges in any backup. Declared by the service's front door.
import { Complaints, type StoredCheck } from '#src/platform/backup/checks.ts';
import { BadgeAwards, XpGrants, XpTotals, type BadgeAward, type XpGrant, type XpTotal } from './gamification.model.ts';

/** The sum and the number of each person's grants are their totals. */
const totalsAreSums: StoredCheck = {
  promise: 'XP totals are the sums of the ledger',
  reads: { [XpGrants.name]: 'any', [XpTotals.name]: 'any' },
  begin: () => {
    /** Ledger minus totals, by person: nothing, when all is well. */
    const differences = new Map<string, { xp: number; grants: number }>();
    const add = (userId: string, xp: number, grants: number): void => {
      const before = differences.get(userId) ?? { xp: 0, grants: 0 };
      differences.set(userId, { xp: before.xp + xp, grants: before.grants + grants });
    };
    return {
      see: (collection, doc) => {
        if (collection === XpGrants.name) {
          const { userId, amount } = doc as unknown as XpGrant;
          add(userId, amount, 1);
        } else {
          const { _id, xp, grants } = doc as unknown as XpTotal;
          add(_id, -xp, -grants);
        }
      },
      end: () => {
        const complaints = new Complaints();
        for (const [userId, { xp, grants }] of differences) {
          if (xp !== 0 || grants !== 0) {
            complaints.add(`the ledger of ${userId} has ${xp} XP and ${grants} grants more than its totals`);
          }
        }
        return complaints.all();
      },
    };
  },
};

/** Each badge is awarded once to a person, and the totals name the same badges. */
const badgesAreOnce: StoredCheck = {
  promise: 'each badge is awarded once',
  reads: { [BadgeAwards.name]: 'any', [XpTotals.name]: 'any' },
  begin: () => {
    const complaints = new Complaints();
    const seen = { awards: new Set<string>(), totals: new Set<string>() };
    const note = (where: keyof typeof seen, badge: string, userId: string): void => {
      const award = `${badge}.${userId}`;
      const other = where === 'awards' ? seen.totals : seen.awards;
      if (seen[where].has(award)) {
        complaints.add(`${userId} has ${badge} more than once`);
      }
      seen[where].add(award);
      if (other.has(award)) {
        seen.awards.delete(award);
        seen.totals.delete(award);
      }
    };
    return {
      see: (collection, doc) => {
        if (collection === BadgeAwards.name) {
          const { _id, badge, userId } = doc as unknown as BadgeAward;
          if (_id !== `${badge}.${userId}`) {
            complaints.add(`the award ${_id} is not the one of ${badge} to ${userId}`);
          }
          note('awards', badge, userId);
        } else {
          const { _id, badges } = doc as unknown as XpTotal;
          badges.forEach(({ code }) => note('totals', code, _id));
        }
      },
      end: () => {
        seen.awards.forEach((award) => complaints.add(`the totals do not know of ${award}`));
        seen.totals.forEach((award) => complaints.add(`${award} was never awarded`));
        return complaints.all();
      },
    };
  },
};

/** What backups are checked for. */
export const gamificationChecks: readonly StoredCheck[] = [totalsAreSums, badgesAreOnce];
