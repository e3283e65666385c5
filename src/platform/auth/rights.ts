// What people may do now: the permissions of roles, and whose roles were changed. MongoDB is the truth; each process looks
// every second, and a hint makes it look at once. So a change counts within milliseconds on every node, and within a
// second where the hint was lost or Redis is away. Asked by every authenticated request and socket.
import { z } from 'zod';
import { rightsTimes } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { put, type State, type Reader, type Write } from '../commands/command.ts';
import { unavailable } from '../errors.ts';
import { logFor } from '../log.ts';
import { defineCollection } from '../mongo/collection.ts';
import { within } from '../mongo/deadline.ts';
import { hint, onHint } from '../redis/hints.ts';
import { permissions, Roles } from './permissions.ts';
import { rolesOf } from './sessions.ts';

interface RightChange {
  /** The user whose roles were changed. */
  readonly _id: string;
  readonly at: Date;
  readonly rev: number;
}

/** Whose roles were changed lately: cached sessions of theirs are not believed. */
const RightChanges = defineCollection<RightChange>('right_changes', { at: Date, rev: Number }, [
  { key: { at: 1 }, expireAfterSeconds: (2 * rightsTimes.changedMs) / 1_000 },
]);

/** Reads what `rightsChange` needs: for `load` of a command that changes people's roles. */
export async function readRightChanges(reader: Reader, userIds: Iterable<string>): Promise<void> {
  await reader.read(RightChanges, userIds);
}

/** The write that makes a change of somebody's roles count everywhere, part of the decision that makes it. */
export function rightsChange(state: State, userId: string, now: Date): Write {
  const before = state.get(RightChanges, userId);
  return put(RightChanges, { _id: userId, at: now, rev: (before?.rev ?? 0) + 1 });
}

const log = logFor('rights');
const topic = 'rights';
const message = z.looseObject({ userId: z.string().nullable(), at: z.number() });
const everyPermission: ReadonlySet<string> = new Set(Object.keys(permissions));

let known: ReadonlyMap<string, ReadonlySet<string>> = new Map();
/** The roles as they were read last, to tell a change. */
let seen = '';
let sets = new Map<string, ReadonlySet<string>>();
const changed = new Map<string, { readonly at: number; readonly until: number }>();

let readAt = Number.NEGATIVE_INFINITY;
/** Reasons to read there were, and how many of them the last read answered. */
let wanted = 0;
let answered = -1;
let reading: Promise<void> | undefined;

type Listener = (userId: string | null) => void;
const listeners = new Set<Listener>();
const tell = (userId: string | null): void => listeners.forEach((listener) => listener(userId));

/** Calls `listener` when somebody's roles changed, or with null when roles themselves did. Returns how to stop. */
export function onRightsChanged(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function learnChange(userId: string, at: number): void {
  if ((changed.get(userId)?.at ?? 0) < at) {
    changed.set(userId, { at, until: performance.now() + rightsTimes.changedMs });
    tell(userId);
  }
}

function forgetOldChanges(): void {
  const now = performance.now();
  for (const [userId, { until }] of changed) {
    if (until < now) {
      changed.delete(userId);
    }
  }
}

async function read(): Promise<void> {
  const asked = wanted;
  const since = new Date(Date.now() - rightsTimes.changedMs);
  const options = { maxTimeMS: limits.mongoMs };
  const [roles, changes] = await within(
    Promise.all([
      Roles.native().find({ removedAt: null }, options).toArray(),
      RightChanges.native()
        .find({ at: { $gt: since } }, options)
        .toArray(),
    ]),
  );
  answered = asked;
  readAt = performance.now();
  changes.forEach(({ _id, at }) => learnChange(_id, at.getTime()));
  forgetOldChanges();
  const found = JSON.stringify(roles.map(({ _id, permissions: of }) => [_id, of]));
  if (found !== seen) {
    seen = found;
    known = new Map(roles.map(({ _id, permissions: of }) => [_id, _id === 'admin' ? everyPermission : new Set(of)]));
    sets = new Map();
    tell(null);
  }
}

/** Reads anew, once for everybody who asks meanwhile. What is known outlives a MongoDB that is away. */
async function refresh(): Promise<void> {
  const reason = wanted;
  try {
    while (answered < reason) {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    }
  } catch (error) {
    if (known.size === 0) {
      throw unavailable(error);
    }
    // While MongoDB is away nobody changes anything: looking again in a second is enough.
    answered = Math.max(answered, reason);
    readAt = performance.now();
    log.warn({ err: error }, 'The roles could not be read; going on with those of before');
  }
}

async function refreshWhenDue(): Promise<void> {
  if (answered === wanted && performance.now() - readAt > rightsTimes.refreshMs) {
    wanted += 1;
  }
  if (answered < wanted) {
    await refresh();
  }
}

/** Those of `roles` that do not exist. Errors: `server.unavailable` where the roles were never read. */
export async function unknownRoles(roles: readonly string[]): Promise<string[]> {
  if (roles.some((role) => !known.has(role))) {
    wanted += 1;
    await refresh();
  }
  return roles.filter((role) => !known.has(role));
}

/**
 * All permissions of a set of roles; a role nobody knows carries none.
 * Errors: `server.unavailable` where the roles were never read.
 */
export async function permissionsOf(roles: readonly string[]): Promise<ReadonlySet<string>> {
  await refreshWhenDue();
  const key = roles.join(' ');
  let granted = sets.get(key);
  if (!granted) {
    granted = new Set(roles.flatMap((role) => [...(known.get(role) ?? [])]));
    sets.set(key, granted);
  }
  return granted;
}

/**
 * The roles somebody has now: those their session remembers, unless they were changed lately.
 * Errors: `server.unavailable` where that was never read.
 */
export async function rolesNow(userId: string, remembered: readonly string[]): Promise<readonly string[]> {
  await refreshWhenDue();
  return changed.has(userId) ? ((await rolesOf(userId)) ?? []) : remembered;
}

/** Says that somebody's roles (null: roles themselves) were changed: here at once, elsewhere as quickly as hints are. */
export function rightsWereChanged(userId: string | null): void {
  const change = { userId, at: Date.now() };
  hear(change);
  hint(topic, change);
}

function hear({ userId, at }: z.output<typeof message>): void {
  if (userId !== null) {
    learnChange(userId, at);
    return;
  }
  wanted += 1;
  void refresh().catch((error: unknown) => log.debug({ reason: String(error) }, 'Roles changed, but are not readable'));
}

let stopListening: (() => void) | undefined;

/** Begins to listen to the other processes. Called by processes that serve requests or sockets. */
export function watchRights(): void {
  stopListening = onHint(topic, message, hear);
}

/** Stops listening, and forgets: what is asked next is read. */
export function unwatchRights(): void {
  stopListening?.();
  changed.clear();
  seen = '';
  wanted += 1;
}
