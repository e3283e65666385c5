// `npm run machines:verify`: the hash chains of all machines, where they stand and what they wait for, in a database that
// may be at work meanwhile.
import { parseArgs } from 'node:util';
import { config } from '#config/env.ts';
import { refuseHalfRestored } from '#src/platform/backup/restore-marker.ts';
import { parseOrExit } from '#src/platform/command-line.ts';
import { runOnEmbedded } from '#src/platform/embedded/command.ts';
import { scriptBeside } from '#src/platform/embedded/scripts.ts';
import { verifyMachines } from '#src/platform/machines/verify.ts';
import { closeMongo, connectMongo } from '#src/platform/mongo/connect.ts';
import { exits, runCommandLine, say } from './command-line.ts';

const help = `Verifies the machines of SmartStart Brain while it runs or while it is stopped.

  npm run machines:verify

  --help   this text

Reads every machine, each of its steps and its timers: that no step was altered, removed or put in between, that the last
one is where the machine stands, and that the timers it waits for are those that will go off. Changes nothing. Looks at the
database at MONGO_URL, or the embedded one in DATA_DIR, which is started for it when it does not run.
Ends with 0 when all is well, 1 when machines are broken (each is named), 64 for wrong options, 78 when the surroundings do
not fit.
`;

/** How often a long verification says how far it is, in milliseconds. */
const sayEveryMs = 5_000;

const { values } = parseOrExit(() => parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }));

async function verify(): Promise<number> {
  await connectMongo({ appName: 'smartstart-brain-machines-verify', patient: true });
  try {
    await refuseHalfRestored();
    let saidAt = Date.now();
    const { machines, steps, timers, broken } = await verifyMachines({
      onBroken: ({ instance, problems }) => problems.forEach((problem) => say(`${instance}: ${problem}`)),
      onProgress: (figures) => {
        if (Date.now() - saidAt >= sayEveryMs) {
          saidAt = Date.now();
          say(`${figures.machines} machines and ${figures.steps} steps so far, ${figures.broken} broken`);
        }
      },
    });
    const read = `${machines} machines, ${steps} steps and ${timers} armed timers`;
    say(broken === 0 ? `All is well: ${read}` : `${broken} machines are broken, of ${read}`);
    return broken === 0 ? exits.done : exits.failed;
  } finally {
    await closeMongo();
  }
}

await runCommandLine(async () => {
  if (values.help) {
    process.stdout.write(help);
    return exits.done;
  }
  if (config.mongoUrl === undefined) {
    const script = scriptBeside(import.meta.url, './machines-verify');
    return await runOnEmbedded({ config, script, args: [], on: 'data', report: say });
  }
  return await verify();
});
