// `npm run backup`: everything as it was at one moment, into a folder; and the verification of such a folder.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { config } from '#config/env.ts';
import { buildRegistry } from '#src/app.ts';
import { takeBackup } from '#src/platform/backup/dump.ts';
import { refuseHalfRestored } from '#src/platform/backup/restore-marker.ts';
import { parseOrExit } from '#src/platform/command-line.ts';
import { runOnEmbedded } from '#src/platform/embedded/command.ts';
import { scriptBeside } from '#src/platform/embedded/scripts.ts';
import { closeMongo, connectMongo } from '#src/platform/mongo/connect.ts';
import { allChecks, exits, runCommandLine, say, verified } from './command-line.ts';

const help = `Backs up SmartStart Brain while it runs or while it is stopped.

  npm run backup -- --to <folder>       every collection as of one moment, then verified
  npm run backup -- --verify <folder>   only verifies a backup; needs no server

  --to       a folder that is empty or not there yet
  --verify   checks sums, counts, hash chains, feeds, XP totals and badges of a backup
  --help     this text

Backs up the database at MONGO_URL, or the embedded one in DATA_DIR, which is started for it when it does not run.
Keep MASTER_KEY (embedded: DATA_DIR/master.key) somewhere else: it is in no backup.
Ends with 0 when the backup is whole, 1 when it is not, 64 for wrong options, 78 when the surroundings do not fit.
`;

const { values } = parseOrExit(() =>
  parseArgs({
    options: { to: { type: 'string' }, verify: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  }),
);

async function backUp(folder: string): Promise<number> {
  await connectMongo({ appName: 'smartstart-brain-backup', patient: true });
  try {
    await refuseHalfRestored();
    const registry = buildRegistry();
    await takeBackup(folder, allChecks(registry));
    await verified(folder, registry);
    return exits.done;
  } finally {
    await closeMongo();
  }
}

await runCommandLine(async () => {
  const { to, verify } = values;
  if (values.help) {
    process.stdout.write(help);
    return exits.done;
  }
  if ((to === undefined) === (verify === undefined)) {
    process.stderr.write('Say either --to <folder> or --verify <folder>: npm run backup -- --help tells more\n');
    return exits.usage;
  }
  if (verify !== undefined) {
    await verified(resolve(verify), buildRegistry());
    return exits.done;
  }
  const folder = resolve(to ?? '');
  if (config.mongoUrl === undefined) {
    const script = scriptBeside(import.meta.url, './backup');
    return await runOnEmbedded({ config, script, args: ['--to', folder], on: 'data', report: say });
  }
  return await backUp(folder);
});
