// What stands between two people: asked, connected, ended, and asked again. Run by the user service on the document of
// a pair, one step for each act; a block ends whatever there is and lets nothing begin.
import { assign, setup } from 'xstate';
import { z } from 'zod';

const by = z.strictObject({ by: z.string().min(1).max(64) });
const nothing = z.strictObject({});

interface Context {
  /** Who asked last; null where nobody ever did. */
  readonly requester: string | null;
  readonly blockedBy: readonly string[];
}

const chart = setup({
  types: {
    context: {} as Context,
    input: {} as Record<string, never>,
    events: {} as {
      type: 'ASK' | 'ACCEPT' | 'DECLINE' | 'WITHDRAW' | 'REMOVE' | 'BLOCK' | 'UNBLOCK';
      by: string;
    },
  },
  guards: {
    nobodyBlocks: ({ context }) => context.blockedBy.length === 0,
    byAsker: ({ context, event }) => context.requester === event.by,
    byAsked: ({ context, event }) => context.requester !== event.by,
    byBlocker: ({ context, event }) => context.blockedBy.includes(event.by),
    byNoBlocker: ({ context, event }) => !context.blockedBy.includes(event.by),
  },
  actions: {
    asked: assign({ requester: ({ event }) => event.by }),
    blocked: assign({ blockedBy: ({ context, event }) => [...context.blockedBy, event.by] }),
    unblocked: assign({ blockedBy: ({ context, event }) => context.blockedBy.filter((id) => id !== event.by) }),
  },
});

/** Nothing stands between the two: either may ask. */
const apart = chart.createStateConfig({ on: { ASK: { target: 'pending', guard: 'nobodyBlocks', actions: 'asked' } } });

/** The chart. States: `none`, `pending`, `connected`, and the ends `declined`, `withdrawn`, `removed`. */
const machine = chart.createMachine({
  id: 'connection',
  context: { requester: null, blockedBy: [] },
  initial: 'none',
  on: {
    BLOCK: { guard: 'byNoBlocker', actions: 'blocked' },
    UNBLOCK: { guard: 'byBlocker', actions: 'unblocked' },
  },
  states: {
    none: apart,
    pending: {
      on: {
        // Both have asked: that is a yes of both.
        ASK: { target: 'connected', guard: 'byAsked' },
        ACCEPT: { target: 'connected', guard: 'byAsked' },
        DECLINE: { target: 'declined', guard: 'byAsked' },
        WITHDRAW: { target: 'withdrawn', guard: 'byAsker' },
        BLOCK: { target: 'withdrawn', actions: 'blocked' },
      },
    },
    connected: { on: { REMOVE: 'removed', BLOCK: { target: 'removed', actions: 'blocked' } } },
    declined: apart,
    withdrawn: apart,
    removed: apart,
  },
});

/** The chart of a pair. Its state lives in the pair's document, so it is not in the table of instances. */
export const connection = Object.freeze({
  type: 'connection',
  version: 1,
  machine,
  input: nothing,
  events: {
    ASK: { payload: by, from: ['operator'] },
    ACCEPT: { payload: by, from: ['operator'] },
    DECLINE: { payload: by, from: ['operator'] },
    WITHDRAW: { payload: by, from: ['operator'] },
    REMOVE: { payload: by, from: ['operator'] },
    BLOCK: { payload: by, from: ['operator'] },
    UNBLOCK: { payload: by, from: ['operator'] },
  },
  access: { create: ['operator'], read: ['operator'] },
  early: 'reject',
  people: () => ({ owner: null, members: [] }),
} as const);
