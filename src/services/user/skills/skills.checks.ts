// What must be true of skills and endorsements in any backup.
import { Complaints, type StoredCheck } from '#src/platform/backup/checks.ts';
import { Users, type User } from '../user.model.ts';
import { endorsementId, Endorsements, SkillLists, type Endorsement, type SkillList } from './skills.model.ts';
import { foundSlugs, mostSkills } from './skills.policy.ts';

/** Counts are counted from rows: they are right while each row is one person's word about one other's skill. */
const endorsementsAreOnce: StoredCheck = {
  promise: 'each person endorses a skill of somebody else once',
  reads: { [Endorsements.name]: 'any' },
  begin: () => {
    const complaints = new Complaints();
    return {
      see: (_collection, doc) => {
        const { _id, userId, slug, by, endorsedAt, withdrawnAt } = doc as unknown as Endorsement;
        if (_id !== endorsementId(userId, slug, by)) {
          complaints.add(`the endorsement ${_id} is not the one of ${slug} of ${userId} by ${by}`);
        }
        if (by === userId) {
          complaints.add(`${userId} endorsed their own ${slug}`);
        }
        if (withdrawnAt !== null && withdrawnAt < endorsedAt) {
          complaints.add(`the endorsement ${_id} was withdrawn before it was given`);
        }
      },
      end: () => complaints.all(),
    };
  },
};

/** People are found by the skills of their list that everybody may see, and the list is one of distinct skills. */
const foundByTheirSkills: StoredCheck = {
  promise: 'people are found by the skills they show',
  reads: { [Users.name]: 'any', [SkillLists.name]: 'any' },
  begin: () => {
    const complaints = new Complaints();
    /** Slugs of whoever was seen on one side only. */
    const open = new Map<string, string>();
    const note = (userId: string, slugs: readonly string[]): void => {
      const text = slugs.join(' ');
      const other = open.get(userId);
      if (other === undefined) {
        open.set(userId, text);
        return;
      }
      open.delete(userId);
      if (other !== text) {
        complaints.add(`${userId} shows other skills than those they are found by: "${other}" and "${text}"`);
      }
    };
    return {
      see: (collection, doc) => {
        if (collection === Users.name) {
          const { _id, skillSlugs = [] } = doc as unknown as User;
          note(_id, skillSlugs);
          return;
        }
        const { _id, skills } = doc as unknown as SkillList;
        note(_id, foundSlugs(skills));
        if (skills.length > mostSkills || new Set(skills.map(({ slug }) => slug)).size < skills.length) {
          complaints.add(`the list of ${_id} has too many skills, or one of them twice`);
        }
      },
      end: () => {
        for (const [userId, slugs] of open) {
          if (slugs !== '') {
            complaints.add(`${userId} has skills in one place only: "${slugs}"`);
          }
        }
        return complaints.all();
      },
    };
  },
};

/** What backups are checked for. */
export const skillChecks: readonly StoredCheck[] = [endorsementsAreOnce, foundByTheirSkills];
