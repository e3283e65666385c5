// Permissions: named rights, and roles as sets of them. Roles live in MongoDB and an admin may edit them; each process
// keeps them for a few seconds. Denied unless granted.
import { rolesRefreshMs } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { unavailable } from '../errors.ts';
import { logFor } from '../log.ts';
import { defineCollection } from '../mongo/collection.ts';
import { within } from '../mongo/deadline.ts';

/** Every permission, with what it allows. The matrix in the documents is printed from here. */
export const permissions = Object.freeze({
  'xp.grant': 'Grant XP to anybody',
  'xp.correct': 'Take XP back with a negative grant',
  'user.create': 'Create accounts for others',
  'user.read.any': 'Read e-mail addresses and roles of anybody',
  'machine.operate': 'Create machine instances and send any event to them',
  'machine.read.any': 'Read any machine instance',
  'machine.define': 'Register machine definitions',
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
  'realtime.broadcast': 'Send events to everybody',
});

/** The name of a permission. */
export type Permission = keyof typeof permissions;

const everyPermission: ReadonlySet<string> = new Set(Object.keys(permissions));

interface RoleRow {
  readonly _id: string;
  readonly permissions: readonly string[];
  readonly rev: number;
}

/** Roles by name. */
export const Roles = defineCollection<RoleRow>('roles', { permissions: [String], rev: Number });

/** The roles a new system starts with. `admin` has every permission, whatever its row says. */
export const initialRoles: Readonly<Record<string, readonly Permission[]>> = Object.freeze({
  user: [],
  moderator: ['user.read.any', 'feed.read.any', 'machine.read.any', 'venture.read.any'],
  auditor: [
    'user.read.any',
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

/** Part of the migration step: makes the initial roles that are not there. Edited roles stay as they are. */
export async function seedRoles(): Promise<void> {
  await Roles.native().bulkWrite(
    Object.entries(initialRoles).map(([name, granted]) => ({
      updateOne: {
        filter: { _id: name },
        update: { $setOnInsert: { permissions: [...granted], rev: 0 } },
        upsert: true,
      },
    })),
    { ordered: false },
  );
}

const log = logFor('permissions');
let known: ReadonlyMap<string, ReadonlySet<string>> = new Map();
let sets = new Map<string, ReadonlySet<string>>();
let readAt = Number.NEGATIVE_INFINITY;
let reading: Promise<void> | undefined;

async function read(): Promise<void> {
  const rows = await within(Roles.native().find({}, { maxTimeMS: limits.mongoMs }).toArray());
  known = new Map(rows.map((row) => [row._id, row._id === 'admin' ? everyPermission : new Set(row.permissions)]));
  sets = new Map();
  readAt = performance.now();
}

/** Reads the roles again, once for everybody who asks meanwhile. Roles that are known outlive a MongoDB that is away. */
async function refresh(): Promise<void> {
  reading ??= read().finally(() => {
    reading = undefined;
  });
  try {
    await reading;
  } catch (error) {
    if (known.size === 0) {
      throw unavailable(error);
    }
    log.warn({ err: error }, 'The roles could not be read; going on with those of before');
  }
}

/** Those of `roles` that do not exist. Errors: `server.unavailable` where the roles were never read. */
export async function unknownRoles(roles: readonly string[]): Promise<string[]> {
  if (roles.some((role) => !known.has(role))) {
    await refresh();
  }
  return roles.filter((role) => !known.has(role));
}

/**
 * All permissions of a set of roles, at most a few seconds old; a role nobody knows carries none.
 * Errors: `server.unavailable` where the roles were never read.
 */
export async function permissionsOf(roles: readonly string[]): Promise<ReadonlySet<string>> {
  const age = performance.now() - readAt;
  if (age > rolesRefreshMs || (age > 1_000 && roles.some((role) => !known.has(role)))) {
    await refresh();
  }
  const key = roles.join(' ');
  let granted = sets.get(key);
  if (!granted) {
    granted = new Set(roles.flatMap((role) => [...(known.get(role) ?? [])]));
    sets.set(key, granted);
  }
  return granted;
}
