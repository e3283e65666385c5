// Permissions: named rights, and roles as sets of them. Roles live in MongoDB and an admin may edit them; rights.ts knows
// them while the process runs. Denied unless granted.
import { defineCollection } from '../mongo/collection.ts';
import type { Seed } from '../mongo/seed.ts';

/** Every permission, with what it allows. The matrix in the documents is printed from here. */
export const permissions = Object.freeze({
  'xp.grant': 'Grant XP to anybody',
  'xp.correct': 'Take XP back with a negative grant',
  'user.create': 'Create accounts for others',
  'user.invite': 'Invite people to register',
  'user.read.any': 'Read e-mail addresses and roles of anybody',
  'role.read': 'Read roles, and who has which',
  'role.write': 'Make, change and remove roles, and give and take them',
  'user.update.any': 'Change the profile of anybody',
  'user.delete.any': 'Delete the account of anybody, and take that back',
  'user.suspend': 'Suspend accounts and let them back in',
  'machine.operate': 'Create machine instances and send any event to them',
  'machine.read.any': 'Read any machine instance',
  'machine.define': 'Register machine definitions',
  'machine.automate': 'Make rules that start and signal any machine when something happens',
  'webhook.manage': 'Make endpoints of webhooks, and read what was delivered to them',
  'operation.read.any': 'Read operations of others',
  'deadletter.read': 'Read dead letters',
  'deadletter.redrive': 'Do the work of dead letters again',
  'feed.read.any': 'Read any feed',
  'queue.read': 'See the board of queues',
  'queue.write': 'Pause queues, and retry, promote, add and remove their jobs',
  'audit.read': 'Read what admins did',
  'trace.read': 'Follow any request through all it left',
  'schedule.read': 'Read schedules and how their runs ended',
  'schedule.write': 'Make, change, run and remove schedules',
  'import.run': 'Import files, follow imports and read their reports',
  'venture.read.any': 'Read any venture, also those that only their team sees',
  'venture.update.any': 'Change any venture and its team',
  'mail.read': 'Read the mails that were kept, with the links in them, and how others ended',
  'realtime.broadcast': 'Send events to everybody',
});

/** The name of a permission. */
export type Permission = keyof typeof permissions;

/** A role as it is kept. */
export interface RoleRow {
  readonly _id: string;
  readonly permissions: readonly string[];
  /** Initial permissions the role was given once: what an admin took from it since does not come back. */
  readonly offered?: readonly string[];
  /** Removed roles keep their row, so that nobody is given one while it goes. */
  readonly removedAt?: Date | null;
  readonly rev: number;
}

/** Roles by name. */
export const Roles = defineCollection<RoleRow>('roles', {
  permissions: [String],
  offered: [String],
  removedAt: Date,
  rev: Number,
});

/** The roles a new system starts with. `admin` has every permission, whatever its row says. */
export const initialRoles: Readonly<Record<string, readonly Permission[]>> = Object.freeze({
  user: [],
  moderator: ['user.read.any', 'user.suspend', 'feed.read.any', 'machine.read.any', 'venture.read.any'],
  auditor: [
    'user.read.any',
    'role.read',
    'machine.read.any',
    'operation.read.any',
    'feed.read.any',
    'deadletter.read',
    'queue.read',
    'audit.read',
    'trace.read',
    'schedule.read',
  ],
  legal: ['user.read.any'],
  service: ['xp.grant', 'machine.operate', 'machine.read.any', 'operation.read.any'],
  admin: Object.keys(permissions) as Permission[],
});

/** Permissions there were before roles remembered what they were offered: roles of that time had theirs of these. */
const beforeOffers: ReadonlySet<string> = new Set(
  `xp.grant xp.correct user.create user.read.any machine.operate machine.read.any machine.define
  operation.read.any deadletter.read deadletter.redrive feed.read.any queue.read queue.write
  audit.read trace.read schedule.read schedule.write import.run realtime.broadcast`.split(/\s+/u),
);

/** What of its initial permissions a role was not offered yet. */
function newTo(role: RoleRow, initial: readonly Permission[]): Permission[] {
  const offered = role.offered ? new Set(role.offered) : beforeOffers;
  return initial.filter((permission) => !offered.has(permission));
}

async function seedRole(name: string, initial: readonly Permission[]): Promise<void> {
  const made = { permissions: [...initial], offered: [...initial], rev: 0 };
  await Roles.native().updateOne({ _id: name }, { $setOnInsert: made }, { upsert: true });
  const role = await Roles.native().findOne({ _id: name });
  const fresh = role ? newTo(role, initial) : [];
  if (role && (fresh.length > 0 || !role.offered)) {
    await Roles.native().updateOne(
      { _id: name },
      {
        $addToSet: { permissions: { $each: fresh }, offered: { $each: [...initial] } },
        $inc: { rev: 1 },
      },
    );
  }
}

/**
 * Part of the migration step: makes the initial roles that are not there, and gives the others, once, the initial
 * permissions that are new. What admins changed stays.
 */
export const roleSeed: Seed = {
  of: initialRoles,
  sow: async () => {
    for (const [name, initial] of Object.entries(initialRoles)) {
      await seedRole(name, initial);
    }
  },
};
