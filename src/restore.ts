// `npm run restore`: puts a backup in the place of a database on which nothing runs.
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { config } from '#config/env.ts';
import { buildRegistry } from '#src/app.ts';
import { readManifest } from '#src/platform/backup/format.ts';
import { abandonRestore, restoreBackup } from '#src/platform/backup/restore.ts';
import { parseOrExit } from '#src/platform/command-line.ts';
import { runOnEmbedded } from '#src/platform/embedded/command.ts';
import { scriptBeside } from '#src/platform/embedded/scripts.ts';
import { closeMongo, connectMongo } from '#src/platform/mongo/connect.ts';
import { bringIntoShape } from './connections.ts';
import { exits, runCommandLine, say, verified } from './command-line.ts';

const help = `Restores a backup of SmartStart Brain. Stop everything that runs on the database first.

  npm run restore -- --from <folder> [--replace [--yes]]
  npm run restore -- --abandon

  --from      the folder of a backup; it is verified first
  --replace   replaces a database that holds something, after saying what would be lost
  --yes       does not ask before it is lost
  --abandon   gives up a restore that was interrupted before it replaced anything
  --help      this text

Restores into MONGO_URL, or into the embedded database in DATA_DIR, which is started for it. Afterwards feeds have new
epochs, boards are built anew, everybody has to log in again, API keys are revoked, and undone work goes on when the
product is started.
A restore that is interrupted keeps the product from starting until it is run again.
Ends with 0 when all is restored, 1 when it is not, 64 for wrong options, 78 when the surroundings do not fit.
`;

const { values } = parseOrExit(() =>
  parseArgs({
    options: {
      from: { type: 'string' },
      replace: { type: 'boolean' },
      yes: { type: 'boolean' },
      abandon: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }),
);

/** Asks a person at a terminal to type the database's name; elsewhere only --yes says so. */
async function confirm(loss: string, database: string): Promise<boolean> {
  say(`This replaces ${loss}`);
  if (values.yes) {
    return true;
  }
  if (!process.stdin.isTTY) {
    process.stderr.write('Nobody can be asked here: say --yes to go on\n');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const typed = await terminal.question(`Type the name ${database} to go on: `);
  terminal.close();
  return typed.trim() === database;
}

async function restore(from: string): Promise<void> {
  const registry = buildRegistry();
  const { manifest } = await verified(from, registry);
  const replace = values.replace ?? false;
  const { apiKeys } = await restoreBackup({
    folder: from,
    manifest,
    registry,
    replace,
    confirm,
    migrate: bringIntoShape,
  });
  if (apiKeys > 0) {
    // Past the log, whatever its level: what used a key fails from now on, until somebody does something about it.
    say(
      `API keys that were revoked: ${apiKeys}, all there were. Whoever has one makes another (POST /api/auth/api-keys) and gives it to what used it`,
    );
  }
  say('Restored: start SmartStart Brain again');
}

async function runHere(from: string | undefined): Promise<number> {
  await connectMongo({ appName: 'smartstart-brain-restore', patient: true });
  try {
    await (from === undefined ? abandonRestore() : restore(from));
    return exits.done;
  } finally {
    await closeMongo();
  }
}

await runCommandLine(async () => {
  if (values.help) {
    process.stdout.write(help);
    return exits.done;
  }
  if ((values.from === undefined) === (values.abandon === undefined)) {
    process.stderr.write('Say --from <folder> (or --abandon): npm run restore -- --help tells more\n');
    return exits.usage;
  }
  const from = values.from === undefined ? undefined : resolve(values.from);
  if (from !== undefined) {
    // A wrong folder is said before servers are started, or made, for it.
    await readManifest(from);
  }
  if (config.mongoUrl === undefined) {
    const script = scriptBeside(import.meta.url, './restore');
    return await runOnEmbedded({ config, script, args: process.argv.slice(2), on: 'makes-data', report: say });
  }
  return await runHere(from);
});
