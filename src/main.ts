// `npm run api`: serves the API, the sockets and the board. Several of it may run on one database.
import { parseArgs } from 'node:util';
import { config } from '#config/env.ts';
import { startApi, type Role } from '#src/app.ts';
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

const { values } = parseArgs({
  options: { roles: { type: 'string' }, services: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});

function named<Name extends string>(option: string, given: string | undefined, known: readonly Name[]): Name[] {
  const names = given?.split(',').map((name) => name.trim()) ?? [...known];
  const unknown = names.find((name) => !known.includes(name as Name));
  if (unknown !== undefined) {
    process.stderr.write(`--${option} does not know ${unknown}: it takes ${known.join(', ')}\n`);
    process.exit(64);
  }
  return names as Name[];
}

if (values.help) {
  process.stdout.write(help);
} else {
  const wanted: Role[] = named('roles', values.roles, roles);
  const only = named(
    'services',
    values.services,
    services.map(({ name }) => name),
  );
  await runProcess('API', async () => await startApi({ port: config.port, roles: wanted, services: only }));
}
