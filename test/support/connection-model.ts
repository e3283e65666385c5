// What connections and blocks ought to do, in few lines: random acts over HTTP are held against it.

/** One of three people. */
export type Who = 0 | 1 | 2;

/** What the model knows of a pair. */
export interface PairModel {
  state: string;
  asker: Who | null;
  blocker: Who | null;
}

/** What each of the two can do. */
export const verbs = ['ask', 'accept', 'decline', 'withdraw', 'remove', 'block', 'unblock'] as const;
export type Verb = (typeof verbs)[number];

/** What each verb makes of a pair without a block; undefined where it is not taken. */
const becomes: Record<Exclude<Verb, 'block' | 'unblock'>, (pair: PairModel, by: Who) => string | undefined> = {
  ask: ({ state, asker }, by) =>
    state === 'pending' ? (asker === by ? undefined : 'connected') : state === 'connected' ? undefined : 'pending',
  accept: ({ state, asker }, by) => (state === 'pending' && asker !== by ? 'connected' : undefined),
  decline: ({ state, asker }, by) => (state === 'pending' && asker !== by ? 'declined' : undefined),
  withdraw: ({ state, asker }, by) => (state === 'pending' && asker === by ? 'withdrawn' : undefined),
  remove: ({ state }) => (state === 'connected' ? 'removed' : undefined),
};

/** The status of a block placed or lifted. */
function blockedInModel(pair: PairModel, verb: 'block' | 'unblock', by: Who): number {
  if (pair.blocker !== null && pair.blocker !== by) {
    return 404;
  }
  if (verb === 'block' && pair.blocker === null) {
    pair.state = { pending: 'withdrawn', connected: 'removed' }[pair.state] ?? pair.state;
  }
  pair.blocker = verb === 'block' ? by : null;
  return 204;
}

/** The status the model expects; changes the pair where the act is taken. */
export function expected(pair: PairModel, verb: Verb, by: Who): number {
  if (verb === 'block' || verb === 'unblock') {
    return blockedInModel(pair, verb, by);
  }
  if (pair.blocker !== null) {
    return verb === 'ask' && pair.blocker === by ? 409 : 404;
  }
  const next = becomes[verb](pair, by);
  if (next === undefined) {
    return pair.state === 'none' ? 404 : 409;
  }
  pair.state = next;
  pair.asker = next === 'pending' ? by : pair.asker;
  return next === 'pending' ? 201 : 200;
}
