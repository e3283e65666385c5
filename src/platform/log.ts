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

const options = {
  level: config.logLevel,
  base: null,
  redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
};

/** The root logger. Ask `logFor(area)` for a line that says where it comes from. */
const root: Logger =
  config.nodeEnv === 'production'
    ? pino(options, pino.destination({ sync: false }))
    : pino(
        options,
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
