// Runs the chart of an invitation on its row: what an event makes of it, and when it would end by itself.
import { ventureInvitation } from '#machines/index.ts';
import type { WorkDraft } from '#src/platform/commands/command.ts';
import { fire, start, step, type NotAccepted, type Step, type Surroundings } from '#src/platform/machines/kernel.ts';
import type { Invitation } from './invitations.model.ts';

/** The kind of the command that lets an invitation expire. */
export const expireKind = 'venture.invitation.expire';

type Round = Pick<Invitation, '_id' | 'state' | 'snapshot' | 'timer'>;

/** What a step makes of the row. `round` names the timer it arms. */
function after(id: string, taken: Step, round: string): Round {
  const [armed] = taken.timers;
  return {
    _id: id,
    state: taken.value as Invitation['state'],
    snapshot: taken.snapshot,
    timer: armed ? { id: round, trigger: armed.trigger, dueAt: armed.dueAt } : null,
  };
}

/** A new invitation. */
export function begin(id: string, round: string, around: Surroundings): Round {
  return after(id, start(ventureInvitation, {}, around), round);
}

/** The invitation after an event, or null where it does not take it now. */
export function advance(
  invitation: Invitation,
  type: 'INVITE' | 'ACCEPT' | 'DECLINE' | 'WITHDRAW',
  round: string,
  around: Surroundings,
): Round | null {
  return orNull(invitation, step(ventureInvitation, invitation.snapshot, { type }, around), round);
}

/** The invitation after its time, or null where this timer is not armed any more. */
export function expire(invitation: Invitation, timer: string, around: Surroundings): Round | null {
  return invitation.timer?.id === timer
    ? orNull(invitation, fire(ventureInvitation, invitation.snapshot, invitation.timer.trigger, around), timer)
    : null;
}

function orNull({ _id }: Invitation, taken: Step | NotAccepted, round: string): Round | null {
  return taken.accepted ? after(_id, taken, round) : null;
}

/** The work that ends an invitation at its time. */
export function expiryOf({ ventureId, userId, timer }: Invitation): WorkDraft[] {
  return timer
    ? [
        {
          kind: expireKind,
          input: { id: ventureId, userId, timer: timer.id },
          cause: `t.${timer.id}`,
          notBefore: timer.dueAt,
        },
      ]
    : [];
}
