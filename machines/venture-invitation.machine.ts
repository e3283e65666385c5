// An invitation to a venture: asked, then answered, taken back, or left to expire; and asked again. Run by the kernel on
// the invitation's own row (src/services/venture/invitations), so that an answer and its effect are one commit.
import { setup } from 'xstate';
import { z } from 'zod';

const day = 86_400_000;
const nothing = z.strictObject({});

const chart = setup({
  types: {
    events: {} as { type: 'INVITE' } | { type: 'ACCEPT' } | { type: 'DECLINE' } | { type: 'WITHDRAW' },
  },
  delays: { patience: 14 * day },
});

/** The chart. States: `pending`, `accepted`, `declined`, `withdrawn`, `expired`. */
const machine = chart.createMachine({
  id: 'venture-invitation',
  initial: 'pending',
  states: {
    pending: {
      after: { patience: 'expired' },
      on: { ACCEPT: 'accepted', DECLINE: 'declined', WITHDRAW: 'withdrawn' },
    },
    accepted: { on: { INVITE: 'pending' } },
    declined: { on: { INVITE: 'pending' } },
    withdrawn: { on: { INVITE: 'pending' } },
    expired: { on: { INVITE: 'pending' } },
  },
});

/** Invitation of one person to one venture. */
export const ventureInvitation = Object.freeze({
  type: 'venture-invitation',
  version: 1,
  machine,
  input: nothing,
  events: {
    INVITE: { payload: nothing, from: ['operator'] },
    ACCEPT: { payload: nothing, from: ['operator'] },
    DECLINE: { payload: nothing, from: ['operator'] },
    WITHDRAW: { payload: nothing, from: ['operator'] },
  },
  access: { create: ['operator'], read: ['operator'] },
  early: 'reject',
  people: () => ({ owner: null, members: [] }),
} as const);
