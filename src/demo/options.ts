// What `npm run demo` takes on its command line. Called by main.ts.
import { parseArgs } from 'node:util';

/** What a run needs to know. */
export interface Options {
  /** One or more addresses of the same system; requests are spread over them. */
  readonly urls: readonly string[];
  readonly email: string;
  readonly password: string;
  /** Grants under way at the same time. */
  readonly concurrency: number;
  /** Plays the contributions in an order of this seed instead of their own. */
  readonly shuffle?: number;
  /** Plays the most active people only. */
  readonly people?: number;
  /** Plays the first contributions only. */
  readonly limit?: number;
}

/** What stands in for options that were not given. */
export interface Defaults {
  readonly url: string;
  readonly email: string | undefined;
  readonly password: string | undefined;
}

/** The text behind `--help`. */
export const help = (
  defaults: Pick<Defaults, 'url'>,
): string => `Plays eleven years of a community as XP grants, over the public API.

  npm run demo -- [options]

  --url <url>          the system to play on (${defaults.url}); repeat it for several addresses of one system
  --email <address>    an admin of it (BOOTSTRAP_ADMIN_EMAIL, else admin@localhost.test)
  --password <text>    the admin's password (BOOTSTRAP_ADMIN_PASSWORD)
  --concurrency <n>    grants under way at the same time (64)
  --shuffle <seed>     another order: any whole number gives one, the figures stay the same
  --people <n>         the n most active people only
  --limit <n>          the first n contributions only
  --help               this text

Makes 1,588 people named p-… and grants them XP for 17,996 contributions. Run it again as the same admin and nothing
changes. A part (--people, --limit) is compared with its own figures: play it where no more was played before.

Exit code 0 when every figure is as expected, 1 when one differs or the system gave up, 64 when an option is wrong.
`;

/** What the command line asks for: a run, the help, or a sentence that says what to correct. */
export type Wanted = { readonly options: Options } | { readonly help: true } | { readonly problem: string };

class WrongOption extends Error {}

function whole(name: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (!/^\d+$/u.test(given) || value < min || value > max) {
    throw new WrongOption(`--${name} takes a whole number from ${String(min)} to ${String(max)}, not ${given}`);
  }
  return value;
}

function origin(given: string): string {
  if (!URL.canParse(given) || !/^https?:\/\//u.test(given)) {
    throw new WrongOption(`--url takes an address such as http://127.0.0.1:3000, not ${given}`);
  }
  return new URL(given).origin;
}

function readValues(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      url: { type: 'string', multiple: true },
      email: { type: 'string' },
      password: { type: 'string' },
      concurrency: { type: 'string' },
      shuffle: { type: 'string' },
      people: { type: 'string' },
      limit: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

function build(values: ReturnType<typeof readValues>, defaults: Defaults): Options {
  const email = values.email ?? defaults.email;
  const password = values.password ?? defaults.password;
  if (email === undefined || password === undefined) {
    throw new WrongOption(
      'Name an admin: give --email and --password (npm start shows both the first time it runs), ' +
        'or set BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD',
    );
  }
  const { shuffle, people, limit } = values;
  return {
    urls: (values.url ?? [defaults.url]).map(origin),
    email,
    password,
    concurrency: whole('concurrency', values.concurrency ?? '64', 1, 1_000),
    ...(shuffle === undefined ? {} : { shuffle: whole('shuffle', shuffle, 0, 0xffff_ffff) }),
    ...(people === undefined ? {} : { people: whole('people', people, 1, 1_000_000) }),
    ...(limit === undefined ? {} : { limit: whole('limit', limit, 1, 1_000_000) }),
  };
}

/** Reads the arguments after the script's name. Never throws. */
export function readOptions(args: readonly string[], defaults: Defaults): Wanted {
  try {
    const values = readValues(args);
    return values.help ? { help: true } : { options: build(values, defaults) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
