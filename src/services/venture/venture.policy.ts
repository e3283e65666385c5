// Who may do what in a venture. Pure.
import type { Caller } from '#src/platform/http/route.ts';
import type { Teammate, Venture, VentureRole } from './venture.model.ts';

/** What of a caller the rules look at. Commands carry `mayAll` in their input, decided at the door. */
export interface Actor {
  readonly userId: string;
  /** True for those with `venture.update.any`. */
  readonly mayAll: boolean;
}

const rank: Readonly<Record<VentureRole, number>> = { viewer: 0, member: 1, admin: 2, owner: 3 };

/** The place of somebody in the team, or undefined. */
export function placeOf(venture: Pick<Venture, 'team'>, userId: string): Teammate | undefined {
  return venture.team.find((each) => each.userId === userId);
}

/** True where the caller may read the venture at all; everybody else gets 404. */
export function canRead(venture: Pick<Venture, 'team' | 'visibility' | 'state'>, caller: Caller): boolean {
  const open = venture.visibility === 'community' && venture.state === 'active';
  return open || placeOf(venture, caller.userId) !== undefined || caller.can('venture.read.any');
}

/** True where a command may know that the venture exists. */
export function isVisibleTo(venture: Pick<Venture, 'team' | 'visibility' | 'state'>, actor: Actor): boolean {
  const open = venture.visibility === 'community' && venture.state === 'active';
  return open || actor.mayAll || placeOf(venture, actor.userId) !== undefined;
}

/** True where the actor's role is at least this one. */
export function hasRole(venture: Pick<Venture, 'team'>, actor: Actor, least: VentureRole): boolean {
  const role = placeOf(venture, actor.userId)?.role;
  return actor.mayAll || (role !== undefined && rank[role] >= rank[least]);
}

/**
 * True where the actor may give `role` to somebody, or change or remove somebody who has it: owners up to admin, admins
 * below their own. Ownership only changes hands by an invitation that its new owner accepts.
 */
export function canManage(venture: Pick<Venture, 'team'>, actor: Actor, role: VentureRole): boolean {
  const own = placeOf(venture, actor.userId)?.role;
  return role !== 'owner' && (actor.mayAll || (own !== undefined && rank[own] >= rank.admin && rank[own] > rank[role]));
}
