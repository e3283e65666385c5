// What the state-machine service says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** No such instance, or one that is none of the caller's business. */
export const instanceUnknown = defineProblem('state-machine.not-found', 404, 'There is no such machine');

/** No definition of this type. */
export const typeUnknown = defineProblem('state-machine.unknown-type', 422, 'There is no machine of this type');

/** The instance exists and was made with other input: an instance is never wiped. */
export const inputDiffers = defineProblem('state-machine.input-differs', 409, 'The machine exists with other input');

/**
 * The machine has no transition for the event where it stands, or every guard said no. `accepts` says what it takes,
 * `verdicts` what each transition's guard said of this event.
 */
export const eventNotAccepted = defineProblem(
  'state-machine.event-not-accepted',
  409,
  'The machine does not take this event in its state',
);

/** The event came early, and as many wait already as may. */
export const mailboxFull = defineProblem('state-machine.mailbox-full', 409, 'Too many events wait for this machine');

/** The machine is done, failed or was cancelled: there is nothing to cancel. */
export const hasEnded = defineProblem('state-machine.has-ended', 409, 'The machine has ended');

/** `If-Match` named another step than the newest one; `seq` says which it is. */
export const seqDiffers = defineProblem('state-machine.seq-differs', 412, 'The machine has moved since you read it');

/** The chart itself failed on the event; nothing changed, and the same event fails again. */
export const stepFailed = defineProblem('state-machine.step-failed', 422, 'The machine failed on this event');
