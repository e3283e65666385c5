// `npm run api`: serves the API, the sockets and the board. Several of it may run on one database.
import { parseArgs } from 'node:util';
import { config } from '#config/env.ts';
import { startApi, type Role } from '#src/app.ts';
import { named, parseOrExit } from '#src/platform/command-line.ts';
import { runProcess } from '#src/platform/process.ts';
import { services } from './services/index.ts';

const roles = ['api', 'realtime', 'board'] as const;

const help = `Serves SmartStart Brain's API, sockets and board of queues.

  npm run api -- [--roles=${roles.join(',')}] [--services=<name>,…]

  --roles      what this process serves (all)
  --services   mounts the routes of some services only: ${services.map(({ name }) => name).join(', ')}
  --help       this text

The environment is described in README.md. Needs MONGO_URL, REDIS_URL and MASTER_KEY.
`;

const { values } = parseOrExit(() =>
  parseArgs({
    options: { roles: { type: 'string' }, services: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  }),
);

if (values.help) {
  process.stdout.write(help);
} else {
  const wanted: readonly Role[] = named('roles', values.roles, roles) ?? roles;
  const names = services.map(({ name }) => name);
  const only = named('services', values.services, names) ?? names;
  await runProcess('API', async () => await startApi({ port: config.port, roles: wanted, services: only }));
}
