// What machines make of other services' events: onboarding begins with registration and moves with what is earned.
import { subscribe } from '#src/platform/events/event.ts';
import { levelReached, xpAdded } from '#src/services/gamification/gamification.events.ts';
import { userRegistered } from '#src/services/user/user.events.ts';
import { createInstance } from './creation/creation.commands.ts';
import { sendEvent } from './state-machine.commands.ts';

const toOnboarding = (userId: string, event: string) => ({
  kind: sendEvent.kind,
  input: { type: 'onboarding', id: userId, event: { type: event } },
});

/** Reactions of this service. */
export const subscriptions = [
  subscribe(userRegistered, ({ data }) => [
    { kind: createInstance.kind, input: { type: 'onboarding', id: data.userId } },
  ]),
  subscribe(xpAdded, ({ data }) => (data.grants === 1 ? [toOnboarding(data.userId, 'XP_EARNED')] : [])),
  subscribe(levelReached, ({ data }) => (data.level.number === 2 ? [toOnboarding(data.userId, 'LEVEL_REACHED')] : [])),
];
