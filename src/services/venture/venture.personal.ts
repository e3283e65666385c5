// What ventures keep about a person, and what becomes of their teams when somebody leaves for good.
import { definePersonalData, defineOwnRows } from '#src/platform/personal/personal.ts';
import { Invitations } from './invitations/invitations.model.ts';
import { Ventures, ventureRoles, type Teammate, type Venture } from './venture.model.ts';

const ownedWithOthers = (userId: string) => ({
  state: 'active' as const,
  team: { $elemMatch: { userId, role: 'owner' as const } },
  'team.1': { $exists: true },
});

/** The team without somebody; where they owned it, whoever has the most rights for the longest time owns it then. */
function teamWithout(team: readonly Teammate[], userId: string): Teammate[] {
  const rest = team.filter((each) => each.userId !== userId);
  if (rest.some(({ role }) => role === 'owner')) {
    return rest;
  }
  const [heir] = rest.toSorted(
    (one, other) =>
      ventureRoles.indexOf(one.role) - ventureRoles.indexOf(other.role) ||
      one.joinedAt.getTime() - other.joinedAt.getTime(),
  );
  return rest.map((each) => (each === heir ? { ...each, role: 'owner' } : each));
}

async function leaveAll(userId: string): Promise<void> {
  for (;;) {
    const venture = await Ventures.native().findOne({ 'team.userId': userId });
    if (!venture) {
      return;
    }
    const team = teamWithout(venture.team, userId);
    const state: Venture['state'] = team.length === 0 ? 'archived' : venture.state;
    // Somebody else's change in between: read it again.
    await Ventures.native().updateOne(
      { _id: venture._id, rev: venture.rev },
      { $set: { team, state, updatedAt: new Date() }, $inc: { rev: 1 } },
    );
  }
}

definePersonalData({
  name: 'venture/ventures',
  rows: (userId) => Ventures.native().find({ 'team.userId': userId }, { projection: { nameKey: 0 } }),
  erase: leaveAll,
  holds: async (userId) => {
    const venture = await Ventures.native().findOne(ownedWithOthers(userId), { projection: { name: 1 } });
    return venture && `You own "${venture.name}", which has other people in its team: hand it over or archive it first`;
  },
});
defineOwnRows(Invitations, {
  name: 'venture/invitations',
  of: (userId) => ({ $or: [{ userId }, { invitedBy: userId }] }),
  without: ['snapshot', 'timer'],
});
