// The only reader of the environment. Every other file imports `config`; a bad environment ends the process
// with one plain sentence for each bad variable, all at once.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { readSmtp, type SmtpSettings } from './smtp.ts';
import { oidcProviders, type OidcProvider } from './oidc.ts';

const unset = (value: unknown): unknown => (value === '' ? undefined : value);
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(unset, schema.optional());
const withDefault = <T extends z.ZodType>(schema: T, value: z.input<T>) =>
  z.preprocess((given) => unset(given) ?? value, schema);

const port = z.coerce.number('must be a number').int('must be a whole number').min(1).max(65_535);
const urlOf = (...protocols: string[]) =>
  z.string().refine((value) => protocols.some((protocol) => value.startsWith(`${protocol}://`)), {
    error: `must begin with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  });

const folder = z
  .string()
  .refine(
    (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
    'must name a folder that is there',
  );

const hosts = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter(Boolean),
  )
  .refine(
    (list) => list.every((host) => /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*)$/u.test(host)),
    'must be a list of host names and addresses with commas between them, such as 10.0.0.7,hooks.internal',
  );

const environment = z.object({
  NODE_ENV: withDefault(z.enum(['development', 'production', 'test']), 'development'),
  PORT: withDefault(port, '3000'),
  DATA_DIR: withDefault(z.string(), '.data'),
  MONGO_URL: optional(urlOf('mongodb', 'mongodb+srv')),
  REDIS_URL: optional(urlOf('redis', 'rediss')),
  KEY_PREFIX: withDefault(z.string().regex(/^[a-z0-9-]+$/u, 'may hold only a-z, 0-9 and -'), 'ssb'),
  MASTER_KEY: optional(
    z.string().min(32, 'must have at least 32 characters, for example 32 random bytes in base64url'),
  ),
  BOOTSTRAP_ADMIN_EMAIL: optional(z.email('must be an e-mail address')),
  BOOTSTRAP_ADMIN_PASSWORD: optional(z.string().min(8, 'must have at least 8 characters').max(256)),
  LOG_LEVEL: withDefault(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
  PUBLIC_URL: optional(urlOf('http', 'https')),
  CORS_ORIGINS: withDefault(
    z.string().transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    ),
    '',
  ),
  TRUST_PROXY: withDefault(z.coerce.number('must be a number of hops').int().min(0).max(10), '0'),
  RATE_LIMITS: z.preprocess(
    (given) => (given === 'off' ? 0 : (unset(given) ?? 1)),
    z.coerce.number('must be off, or a number that every rate limit is multiplied with').min(0).max(1_000_000),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(urlOf('http', 'https')),
  OTEL_TRACES_SAMPLER_ARG: withDefault(z.coerce.number('must be a number').min(0).max(1), '1'),
  METRICS_PORT: optional(port),
  METRICS_TOKEN: optional(z.string().min(16, 'must have at least 16 characters')),
  REGISTRATION: withDefault(z.enum(['open', 'invite', 'closed']), 'open'),
  SMTP_URL: optional(urlOf('smtp', 'smtps')),
  MAIL_FROM: optional(z.string().max(320)),
  PASSWORD_PROFILE: withDefault(z.enum(['basic', 'nist']), 'basic'),
  PWNED_PASSWORDS_DIR: optional(folder),
  OIDC_PROVIDERS: withDefault(oidcProviders, '[]'),
  WEBHOOK_ALLOW_PRIVATE: withDefault(hosts, ''),
  DRAIN_SECONDS: optional(z.coerce.number('must be a number of seconds').min(0).max(300)),
});

/** The name of every variable that is read here. */
export const variables: readonly string[] = Object.keys(environment.shape);

/** Variables that may be given as the name of a file that holds them: `<name>_FILE`, as container secrets are. */
const secrets = [
  'MASTER_KEY',
  'MONGO_URL',
  'REDIS_URL',
  'BOOTSTRAP_ADMIN_PASSWORD',
  'METRICS_TOKEN',
  'SMTP_URL',
  'OIDC_PROVIDERS',
] as const;
/** Seconds a production API serves on after it was told to stop. */
const drainSeconds = 5;

/** What the product reads from its environment, parsed. Times are in milliseconds, sizes in bytes. */
export interface Config {
  readonly nodeEnv: 'development' | 'production' | 'test';
  readonly port: number;
  /** Absolute folder of the embedded servers' data. */
  readonly dataDir: string;
  readonly mongoUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Begins every Redis key and channel, so that several systems can share one server. */
  readonly keyPrefix: string;
  readonly masterKey: string | undefined;
  readonly bootstrapAdminEmail: string | undefined;
  readonly bootstrapAdminPassword: string | undefined;
  readonly logLevel: string;
  readonly publicUrl: string | undefined;
  readonly corsOrigins: readonly string[];
  /** Number of proxies before the API whose forwarded headers are believed. */
  readonly trustProxy: number;
  /** What every limit of config/rates.ts is multiplied with; 0: nothing is limited. */
  readonly rateFactor: number;
  /** Collector of spans (OTLP over HTTP), without `/v1/traces`; unset, nothing is traced. */
  readonly otlpEndpoint: string | undefined;
  /** The part of traces that begin here which is recorded, 0 to 1. */
  readonly tracedRatio: number;
  /** Where worker processes answer `/metrics`; unset, they do not. The API answers it on its own port. */
  readonly metricsPort: number | undefined;
  /** What Prometheus has to show; unset, only this machine may read metrics. */
  readonly metricsToken: string | undefined;
  /** Where mails go; unset, they are kept and shown on the inbox page. */
  readonly smtp: SmtpSettings | undefined;
  readonly registration: 'open' | 'invite' | 'closed';
  /** `basic`: passwords of 8 characters and more; `nist`: of 15, as NIST asks where nothing else proves who it is. */
  readonly passwordProfile: 'basic' | 'nist';
  /** Folder of range files with the SHA-1 of passwords that leaked; unset, only the built-in list is looked at. */
  readonly pwnedPasswordsDir: string | undefined;
  /** Providers whose accounts log in here (OpenID Connect). */
  readonly oidcProviders: readonly OidcProvider[];
  /** Hosts of webhooks that may be private addresses; none: only those of the public internet are called. */
  readonly webhookAllowPrivate: readonly string[];
  /** How long an API that was told to stop serves on, not ready any more, so that balancers turn away from it first. */
  readonly drainMs: number;
}

/** The environment with the secrets that were given as files read, and a sentence for each that cannot be. */
function withSecretFiles(env: NodeJS.ProcessEnv): { env: NodeJS.ProcessEnv; problems: string[] } {
  const read = { ...env };
  const problems: string[] = [];
  for (const name of secrets) {
    const file = env[`${name}_FILE`];
    if (!file) {
      continue;
    }
    if (env[name]) {
      problems.push(`${name}_FILE: ${name} is set too; set one of them`);
      continue;
    }
    try {
      read[name] = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE: names a file that cannot be read`);
    }
  }
  return { env: read, problems };
}

/**
 * Parses an environment. Returns the settings, or one sentence for each bad variable: all of them, so that an
 * operator mends them in one go.
 */
export function readConfig(env: NodeJS.ProcessEnv): { config: Config } | { problems: string[] } {
  const { env: complete, problems } = withSecretFiles(env);
  const parsed = environment.safeParse(complete);
  const { SMTP_URL: smtpUrl, MAIL_FROM: mailFrom } = parsed.data ?? {};
  const smtp = smtpUrl === undefined ? undefined : readSmtp(smtpUrl, mailFrom);
  if (typeof smtp === 'string') {
    problems.push(smtp);
  }
  if (!parsed.success || problems.length > 0 || typeof smtp === 'string') {
    const found = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
    return { problems: [...problems, ...found] };
  }
  const value = parsed.data;
  return {
    config: Object.freeze({
      nodeEnv: value.NODE_ENV,
      port: value.PORT,
      dataDir: resolve(value.DATA_DIR),
      mongoUrl: value.MONGO_URL,
      redisUrl: value.REDIS_URL,
      keyPrefix: value.KEY_PREFIX,
      masterKey: value.MASTER_KEY,
      bootstrapAdminEmail: value.BOOTSTRAP_ADMIN_EMAIL,
      bootstrapAdminPassword: value.BOOTSTRAP_ADMIN_PASSWORD,
      logLevel: value.LOG_LEVEL,
      publicUrl: value.PUBLIC_URL,
      corsOrigins: Object.freeze(value.CORS_ORIGINS),
      trustProxy: value.TRUST_PROXY,
      rateFactor: value.RATE_LIMITS,
      otlpEndpoint: value.OTEL_EXPORTER_OTLP_ENDPOINT,
      tracedRatio: value.OTEL_TRACES_SAMPLER_ARG,
      metricsPort: value.METRICS_PORT,
      metricsToken: value.METRICS_TOKEN,
      smtp,
      registration: value.REGISTRATION,
      passwordProfile: value.PASSWORD_PROFILE,
      pwnedPasswordsDir: value.PWNED_PASSWORDS_DIR,
      oidcProviders: Object.freeze(value.OIDC_PROVIDERS),
      webhookAllowPrivate: Object.freeze(value.WEBHOOK_ALLOW_PRIVATE),
      drainMs: 1_000 * (value.DRAIN_SECONDS ?? (value.NODE_ENV === 'production' ? drainSeconds : 0)),
    }),
  };
}

function readOrExit(): Config {
  const read = readConfig(process.env);
  if ('config' in read) {
    return read.config;
  }
  process.stderr.write(
    `The environment is not right. Set or correct these variables and start again:\n${read.problems
      .map((problem) => `  ${problem}\n`)
      .join('')}`,
  );
  process.exit(78);
}

/** The settings of this process. Reading a bad environment ends the process with exit code 78 and all reasons. */
export const config: Config = readOrExit();

/** The environment a child process gets: this one's, with `additions` on top, also of what this one has from a file. */
export function childEnvironment(
  additions: Record<string, string>,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(
    ([name]) => !secrets.some((each) => name === `${each}_FILE` && each in additions),
  );
  return { ...Object.fromEntries(kept), ...additions };
}
