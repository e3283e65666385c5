// How often each class of routes may be called. Read by the HTTP door.

/** One limit: so many requests in a window of so many seconds, by each address and by each account. */
export interface Rate {
  readonly windowS: number;
  readonly perAddress: number;
  readonly perAccount: number;
}

/** Every class of routes. */
export const rates = {
  read: { windowS: 60, perAddress: 6_000, perAccount: 3_000 },
  write: { windowS: 60, perAddress: 6_000, perAccount: 3_000 },
  search: { windowS: 60, perAddress: 300, perAccount: 120 },
  login: { windowS: 60, perAddress: 60, perAccount: 60 },
  register: { windowS: 3_600, perAddress: 30, perAccount: 30 },
  mail: { windowS: 3_600, perAddress: 60, perAccount: 10 },
  invite: { windowS: 3_600, perAddress: 600, perAccount: 100 },
  export: { windowS: 86_400, perAddress: 100, perAccount: 5 },
} as const satisfies Record<string, Rate>;

/** The name of a class. */
export type RateClass = keyof typeof rates;
