// A newcomer's way in: registered, first points, active, with a reminder and an end to waiting.
// Run by the kernel; created when somebody registers and moved by what they earn.
import { setup } from 'xstate';
import { z } from 'zod';

const day = 86_400_000;
const nothing = z.strictObject({});
const input = z.strictObject({ name: z.string().min(1).max(200).optional() });

interface EmittedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const chart = setup({
  types: {
    context: {} as { userId: string; name: string | null },
    input: {} as { id: string; name?: string | undefined },
    events: {} as { type: 'XP_EARNED' } | { type: 'LEVEL_REACHED' } | { type: 'SNOOZE' } | { type: 'REMIND' },
  },
  actions: {
    // Effects are data: the kernel reads their names and params and never calls them.
    emit: (_, _params: EmittedEvent) => undefined,
  },
  delays: { reminder: 3 * day, patience: 30 * day, silence: 60 * day },
});

const remindLater = chart.raise({ type: 'REMIND' }, { id: 'reminder', delay: 'reminder' });

/** The chart. States: `registered`, `firstXp`, `active`, `dormant`. */
const machine = chart.createMachine({
  id: 'onboarding',
  context: ({ input: given }) => ({ userId: given.id, name: given.name ?? null }),
  initial: 'registered',
  states: {
    registered: {
      entry: remindLater,
      exit: chart.cancel('reminder'),
      after: { patience: 'dormant' },
      on: {
        REMIND: {
          actions: {
            type: 'emit',
            params: ({ context }) => ({ type: 'onboarding.reminded', data: { userId: context.userId } }),
          },
        },
        SNOOZE: { actions: [chart.cancel('reminder'), remindLater] },
        XP_EARNED: 'firstXp',
        LEVEL_REACHED: 'active',
      },
    },
    firstXp: {
      after: { silence: 'dormant' },
      on: {
        // More points begin the silence anew.
        XP_EARNED: { target: 'firstXp', reenter: true },
        LEVEL_REACHED: 'active',
      },
    },
    active: {
      entry: {
        type: 'emit',
        params: ({ context }) => ({ type: 'onboarding.completed', data: { userId: context.userId } }),
      },
      // What arrives late is taken and changes nothing, so that the order of arrival does not matter.
      on: { XP_EARNED: {}, LEVEL_REACHED: {} },
    },
    dormant: {
      entry: {
        type: 'emit',
        params: ({ context }) => ({ type: 'onboarding.lapsed', data: { userId: context.userId } }),
      },
      on: { XP_EARNED: 'firstXp', LEVEL_REACHED: 'active' },
    },
  },
});

/** Onboarding of one person; the instance's id is the user's. */
export const onboarding = Object.freeze({
  type: 'onboarding',
  version: 1,
  machine,
  input,
  events: {
    XP_EARNED: { payload: nothing, from: ['operator'] },
    LEVEL_REACHED: { payload: nothing, from: ['operator'] },
    SNOOZE: { payload: nothing, from: ['owner'] },
  },
  access: { create: ['operator'], read: ['owner'] },
  early: 'reject',
  people: (id: string) => ({ owner: id, members: [] }),
} as const);
