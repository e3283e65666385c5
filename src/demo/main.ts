// `npm run demo`: plays the community of test/data against a running system, over the public API alone.
import { config } from '#config/env.ts';
import { GaveUp } from './gave-up.ts';
import { help, readOptions } from './options.ts';
import { run } from './run.ts';
import { Screen } from './screen.ts';

const url = `http://127.0.0.1:${String(config.port)}`;
const wanted = readOptions(process.argv.slice(2), {
  url,
  email: config.bootstrapAdminEmail ?? 'admin@localhost.test',
  password: config.bootstrapAdminPassword,
});

process.on('SIGINT', () => {
  process.stdout.write('\nStopped. Run it again to go on: nothing is granted twice\n');
  process.exit(130);
});

if ('help' in wanted) {
  process.stdout.write(help({ url }));
} else if ('problem' in wanted) {
  process.stderr.write(`${wanted.problem}. npm run demo -- --help shows what there is\n`);
  process.exitCode = 64;
} else {
  const screen = new Screen(process.stdout);
  try {
    process.exitCode = (await run(wanted.options, screen)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GaveUp)) {
      throw error;
    }
    screen.endProgress(screen.styled(error.message, 'red'));
    process.exitCode = 1;
  }
}
