// Writes of roles, and of who has which. Each is an act of an admin: the audit has it in the same transaction.
import { Roles, type RoleRow } from '#src/platform/auth/permissions.ts';
import { readRightChanges, rightsChange } from '#src/platform/auth/rights.ts';
import { actDone } from '#src/platform/audit/audit.ts';
import {
  defineCommand,
  insert,
  put,
  type Decision,
  type EventDraft,
  type State,
} from '#src/platform/commands/command.ts';
import { AppError, problems } from '#src/platform/errors.ts';
import type { z } from 'zod';
import { userProblems } from '../user.errors.ts';
import { Users, type User } from '../user.model.ts';
import { roleProblems } from './roles.errors.ts';
import { roleChanged, userRolesChanged } from './roles.events.ts';
import { holdRoles, isBuiltIn, leaveAnAdmin, roleIn, without } from './roles.policy.ts';
import { presentRole } from './roles.presenter.ts';
import { changeRoleInput, createRoleInput, removeRoleInput, setRolesInput } from './roles.schema.ts';

interface Change {
  readonly role: string;
  readonly change: 'made' | 'changed' | 'removed';
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

function eventsOf(act: string, { role, change, gained, lost }: Change): EventDraft[] {
  const action = { made: 'role.make', changed: 'role.change', removed: 'role.remove' }[change];
  return [
    roleChanged.draft({
      subject: `role.${role}`,
      audience: [],
      data: { role, change, gained: [...gained], lost: [...lost] },
    }),
    actDone(act, { action, target: { role, gained: gained.join(' '), lost: lost.join(' ') } }),
  ];
}

/** A problem where permissions change hands that the asker does not have. */
function notTheirs(touched: readonly string[], may: readonly string[]): AppError | null {
  const above = without(touched, may);
  return above.length === 0 ? null : roleProblems.aboveYours(`You may not ${above.join(', ')} yourself`);
}

function moved({ rev }: RoleRow | User, expectRev: number | undefined): AppError | null {
  return expectRev === undefined || expectRev === rev ? null : problems.preconditionFailed(`It is at "${rev}" now`);
}

/** Makes a role. Codes: user.role-exists, user.role-above-yours. */
export const createRole = defineCommand({
  kind: 'user.role.create',
  pool: 'direct',
  input: createRoleInput,
  identity: ({ name, permissions }) => ({ name, permissions }),
  problems: [roleProblems.exists, roleProblems.aboveYours],
  key: ({ name }) => `role.${name}`,
  load: async (commands, reader) => {
    await reader.read(
      Roles,
      commands.map(({ input }) => input.name),
    );
  },
  decide: (state, { id, input: { name, permissions, may } }) => {
    if (roleIn(state, name)) {
      return roleProblems.exists(`There is a role ${name}`);
    }
    const refusal = notTheirs(permissions, may);
    if (refusal) {
      return refusal;
    }
    const removed = state.get(Roles, name);
    const role: RoleRow = { _id: name, permissions: [...new Set(permissions)], rev: (removed?.rev ?? -1) + 1 };
    return {
      writes: [removed ? put(Roles, role) : insert(Roles, role)],
      events: eventsOf(id, { role: name, change: 'made', gained: role.permissions, lost: [] }),
      result: presentRole(role),
    };
  },
  onDuplicate: () => roleProblems.exists(),
});

/** Gives a role other permissions. Codes: user.role-not-found, user.role-fixed, user.role-above-yours, request.precondition-failed. */
export const changeRole = defineCommand({
  kind: 'user.role.change',
  pool: 'direct',
  input: changeRoleInput,
  identity: ({ name, permissions, expectRev }) => ({ name, permissions, expectRev }),
  problems: [roleProblems.notFound, roleProblems.fixed, roleProblems.aboveYours, problems.preconditionFailed],
  key: ({ name }) => `role.${name}`,
  load: async (commands, reader) => {
    await reader.read(
      Roles,
      commands.map(({ input }) => input.name),
    );
  },
  decide: (state, { id, input: { name, permissions, may, expectRev } }) => {
    const role = roleIn(state, name);
    if (!role) {
      return roleProblems.notFound(`There is no role ${name}`);
    }
    if (name === 'admin') {
      return roleProblems.fixed('Admins may everything');
    }
    const gained = without(permissions, role.permissions);
    const lost = without(role.permissions, permissions);
    const refusal = moved(role, expectRev) ?? notTheirs([...gained, ...lost], may);
    if (refusal) {
      return refusal;
    }
    if (gained.length + lost.length === 0) {
      return { result: presentRole(role) };
    }
    const changed: RoleRow = { ...role, permissions: [...new Set(permissions)], rev: role.rev + 1 };
    return {
      writes: [put(Roles, changed)],
      events: eventsOf(id, { role: name, change: 'changed', gained, lost }),
      result: presentRole(changed),
    };
  },
});

/**
 * Removes a role nobody has. Codes: user.role-not-found, user.role-fixed, user.role-above-yours,
 * request.precondition-failed, request.conflict.
 */
export const removeRole = defineCommand({
  kind: 'user.role.remove',
  pool: 'direct',
  input: removeRoleInput,
  identity: ({ name, expectRev }) => ({ name, expectRev }),
  problems: [
    roleProblems.notFound,
    roleProblems.fixed,
    roleProblems.aboveYours,
    problems.preconditionFailed,
    problems.conflict,
  ],
  key: ({ name }) => `role.${name}`,
  load: async (commands, reader) => {
    await reader.read(
      Roles,
      commands.map(({ input }) => input.name),
    );
  },
  decide: (state, { id, input: { name, may, seenRev, expectRev } }, now) => {
    const role = roleIn(state, name);
    if (!role) {
      return roleProblems.notFound(`There is no role ${name}`);
    }
    if (isBuiltIn(name)) {
      return roleProblems.fixed(`Every system has the role ${name}`);
    }
    // Whoever was given it since the look at who has it has moved it.
    const refusal =
      moved(role, expectRev) ?? (role.rev === seenRev ? notTheirs(role.permissions, may) : problems.conflict());
    return (
      refusal ?? {
        writes: [put(Roles, { ...role, removedAt: now, rev: role.rev + 1 })],
        events: eventsOf(id, { role: name, change: 'removed', gained: [], lost: role.permissions }),
        result: {},
      }
    );
  },
});

type SetRoles = z.output<typeof setRolesInput>;

/** Why these roles cannot be given and taken by this asker, or null. */
function refusedExchange(state: State, { may, asAdmin }: SetRoles, exchanged: readonly string[]): AppError | null {
  if (exchanged.includes('admin') && !asAdmin) {
    return roleProblems.aboveYours('Only admins make and unmake admins');
  }
  // A role that was removed may be taken from whoever still has it.
  const touched = exchanged
    .filter((role) => role !== 'admin')
    .flatMap((role) => roleIn(state, role)?.permissions ?? []);
  return notTheirs(touched, may);
}

function exchange(state: State, id: string, input: SetRoles, user: User, now: Date): Decision | AppError {
  const roles = [...new Set(input.roles)];
  const given = without(roles, user.roles);
  const taken = without(user.roles, roles);
  if (given.length + taken.length === 0) {
    return { result: { rev: user.rev } };
  }
  const held = holdRoles(state, roles);
  const refusal = held instanceof AppError ? held : refusedExchange(state, input, [...given, ...taken]);
  const left = taken.includes('admin') ? leaveAnAdmin(state, input.admins) : [];
  if (held instanceof AppError || left instanceof AppError || refusal) {
    return refusal ?? (left as AppError);
  }
  const changed: User = { ...user, roles, updatedAt: now, rev: user.rev + 1 };
  return {
    writes: [put(Users, changed), rightsChange(state, user._id, now), ...held, ...left],
    events: [
      userRolesChanged.draft({
        subject: `user.${user._id}`,
        audience: [`user.${user._id}`],
        data: { userId: user._id, roles, given, taken },
      }),
      actDone(id, {
        action: 'user.roles.set',
        target: { user: user._id, given: given.join(' '), taken: taken.join(' ') },
      }),
    ],
    result: { rev: changed.rev },
  };
}

/**
 * Gives a user these roles and no others. Codes: user.not-found, user.role-above-yours, user.last-admin, request.invalid,
 * request.precondition-failed, request.conflict.
 */
export const setRoles = defineCommand({
  kind: 'user.roles.set',
  pool: 'direct',
  input: setRolesInput,
  identity: ({ userId, roles, expectRev }) => ({ userId, roles, expectRev }),
  problems: [
    userProblems.notFound,
    roleProblems.aboveYours,
    roleProblems.lastAdmin,
    problems.preconditionFailed,
    problems.conflict,
  ],
  key: ({ userId }) => `user.${userId}`,
  load: async (commands, reader) => {
    const ids = commands.map(({ input }) => input.userId);
    const users = await reader.read(Users, ids);
    const before = users.flatMap((user) => user?.roles ?? []);
    await reader.read(Roles, [...commands.flatMap(({ input }) => input.roles), ...before, 'admin']);
    await readRightChanges(reader, ids);
  },
  decide: (state, { id, input }, now) => {
    const user = state.get(Users, input.userId);
    if (!user) {
      return userProblems.notFound(`There is no user ${input.userId}`);
    }
    return moved(user, input.expectRev) ?? exchange(state, id, input, user, now);
  },
});

/** Every command of this area. */
export const roleCommands = [createRole, changeRole, removeRole, setRoles] as const;
