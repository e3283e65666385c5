// How often each class of routes may be called, and sockets opened and spoken on. Read by both doors.

/** One limit: so many requests in a window of so many seconds, by each address and by each account. */
export interface Rate {
  readonly windowS: number;
  readonly perAddress: number;
  readonly perAccount: number;
  /**
   * True where each request is counted over all nodes before it is let in, at the price of a round trip to Redis. The
   * others are counted here and told to Redis in parts: over all nodes they may be too many by a few hundredths.
   */
  readonly exact: boolean;
}

/** Every class. The two generous ones bound what one caller takes of the whole: about a seventh of it. */
export const rates = {
  read: { windowS: 60, perAddress: 60_000, perAccount: 30_000, exact: false },
  write: { windowS: 60, perAddress: 60_000, perAccount: 30_000, exact: false },
  /** Whether a process lives: balancers ask often, and no flood of their neighbours may silence them. */
  probe: { windowS: 60, perAddress: 6_000, perAccount: 6_000, exact: false },
  /** The pages under /admin/, which ask again every few seconds. */
  board: { windowS: 60, perAddress: 3_000, perAccount: 3_000, exact: false },
  search: { windowS: 60, perAddress: 600, perAccount: 120, exact: true },
  login: { windowS: 60, perAddress: 60, perAccount: 60, exact: true },
  register: { windowS: 3_600, perAddress: 30, perAccount: 30, exact: true },
  mail: { windowS: 3_600, perAddress: 60, perAccount: 10, exact: true },
  invite: { windowS: 3_600, perAddress: 600, perAccount: 100, exact: true },
  /** Connections of sockets: whole offices come back at once from one address when a node leaves. */
  connect: { windowS: 60, perAddress: 6_000, perAccount: 300, exact: false },
  /** Messages on sockets, those included that nobody knows. */
  message: { windowS: 60, perAddress: 60_000, perAccount: 6_000, exact: false },
  /** What takes the processor: lint, simulation and replay of machine definitions. */
  define: { windowS: 60, perAddress: 600, perAccount: 120, exact: true },
  export: { windowS: 86_400, perAddress: 100, perAccount: 5, exact: true },
} as const satisfies Record<string, Rate>;

/** The name of a class. */
export type RateClass = keyof typeof rates;

/** How counting is shared between nodes. Times in milliseconds. */
export const rateSharing = Object.freeze({
  /** How long what was counted here waits before the other nodes know. */
  everyMs: 200,
  /** The part of a limit below which it waits on: those who ask seldom cost Redis nothing. */
  part: 0.01,
  /** Addresses, and accounts, one process counts in one class at the same time. */
  counted: 20_000,
});
