// The table of machines. Process roots hand it to the registry; a new machine is its file and one line here.
// Older versions of a type stay in the table while instances of them live.
import { onboarding } from './onboarding.machine.ts';

// Charts that a service runs on rows of its own: they have no instances.
export { ventureInvitation } from './venture-invitation.machine.ts';

/** Every definition this product runs. */
export const machines = Object.freeze([onboarding]);
