// Behind `npm start`: everything on one machine, databases included, in one command.
import { config } from '#config/env.ts';
import { scriptBeside } from '#src/platform/embedded/scripts.ts';
import { supervise } from '#src/platform/embedded/supervisor.ts';

const HELP = `Starts SmartStart Brain on this machine: MongoDB, Valkey, the API and all workers.

  npm start              start everything; Ctrl-C stops it, the data stays
  npm start -- --help    this text

Environment (all optional):
  PORT                       port of the API (3000)
  DATA_DIR                   folder of all data (.data)
  MONGO_URL, REDIS_URL       use these servers and start none
  MASTER_KEY                 all secrets derive from it; unset, it is made once in DATA_DIR/master.key
  BOOTSTRAP_ADMIN_EMAIL      the first admin (admin@localhost.test)
  BOOTSTRAP_ADMIN_PASSWORD   its password; unset, one is made and shown once
  SMTP_URL, MAIL_FROM        where mails go; unset, they are kept and shown at /admin/mails
  LOG_LEVEL                  fatal, error, warn, info, debug, trace (info)

Server binaries are looked for on the PATH, then downloaded once for this user.
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const unknown = process.argv.slice(2).find((argument) => argument !== '--help' && argument !== '-h');

if (process.argv.length > 2 && unknown === undefined) {
  process.stdout.write(HELP);
} else if (unknown !== undefined) {
  process.stderr.write(`Unknown argument ${unknown}: npm start -- --help shows what there is\n`);
  process.exitCode = 64;
} else {
  const code = await supervise({
    config,
    report: say,
    children: [
      {
        title: 'API',
        script: scriptBeside(import.meta.url, './main'),
        args: ['--roles=api,realtime,board'],
        essential: true,
        stopLimitMs: 15_000,
      },
      {
        title: 'workers',
        script: scriptBeside(import.meta.url, '../workers/main'),
        args: [],
        essential: false,
        stopLimitMs: 20_000,
      },
    ],
  });
  process.exit(code);
}
