// A machine as data for tests: an order that is paid, shipped, or lapses after a day.

/** The first version, under the name of its type: what it emits begins with it. */
export function orderOf(type: string) {
  return {
    input: {
      type: 'object',
      properties: { buyer: { type: 'string', maxLength: 64 } },
      required: ['buyer'],
    },
    context: { buyer: { $cel: 'input.buyer' }, paid: 0 },
    owner: { $cel: 'context.buyer' },
    access: { create: ['operator'], read: ['owner'] },
    events: {
      PAY: {
        payload: { type: 'object', properties: { amount: { type: 'integer', minimum: 1 } }, required: ['amount'] },
        from: ['owner'],
      },
      SHIP: { from: ['operator'] },
      RUSH: { from: ['owner'] },
    },
    initial: 'open',
    states: {
      open: {
        tags: ['waiting'],
        on: {
          PAY: {
            target: 'paid',
            guard: 'event.amount >= 10',
            actions: { type: 'set', params: { paid: { $cel: 'event.amount' } } },
          },
          RUSH: {},
        },
        after: { P1D: 'lapsed' },
      },
      paid: {
        on: { SHIP: 'shipped' },
        after: {
          PT2H: {
            actions: { type: 'emit', params: { type: `${type}.late`, data: { paid: { $cel: 'context.paid' } } } },
          },
        },
      },
      shipped: { type: 'final' },
      lapsed: { type: 'final' },
    },
  };
}

/** The second one: what was `paid` is `packed`, a payment of five is enough, and who is in a hurry pays later. */
export function packedOrderOf(type: string) {
  const { states, ...rest } = orderOf(type);
  const { open, paid, ...ends } = states;
  return {
    ...rest,
    states: {
      open: { ...open, on: { PAY: { ...open.on.PAY, guard: 'event.amount >= 5', target: 'packed' }, RUSH: 'packed' } },
      packed: paid,
      ...ends,
    },
  };
}
