// The process's log: lines a person can read in a terminal, JSON in production. No secret ever gets into a line:
// the names below are cut out wherever they appear.
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { config } from '#config/env.ts';

const secrets = [
  'password',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'token',
  'authorization',
  'cookie',
  'masterKey',
];

/** Causes of causes are told so far. */
const causesTold = 3;

/** An error for the log, without its further members: those of a driver may quote whole documents. */
function described(error: unknown, causes = causesTold): Record<string, unknown> {
  if (!(error instanceof Error)) {
    return { message: String(error) };
  }
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    stack,
    ...('code' in error ? { code: error.code } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: described(cause, causes - 1) }),
  };
}

/** How lines are written: `err` is an error, whoever logs it. */
export const logOptions = {
  level: config.logLevel,
  base: null,
  serializers: { err: (error: unknown) => described(error) },
  redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
};

/** The root logger. Ask `logFor(area)` for a line that says where it comes from. */
const root: Logger =
  config.nodeEnv === 'production'
    ? pino(logOptions, pino.destination({ sync: false }))
    : pino(
        logOptions,
        pretty({
          sync: true,
          singleLine: true,
          ignore: 'area',
          messageFormat: '{area}: {msg}',
          translateTime: 'HH:MM:ss.l',
        }),
      );

/** A logger whose lines name their area, such as `committer` or `http`. */
export function logFor(area: string): Logger {
  return root.child({ area });
}
