// mocha's spec reporter that also leaves its counts, and what failed, in the file TEST_COUNTS_FILE. Handed to mocha by
// test/run.ts, which says what failed once more at the very end: of a long log often only that is kept.
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const failed: string[] = [];
    runner.on('fail', (test: Mocha.Runnable, error: Error) => {
      failed.push(`${test.fullTitle()}\n${error.stack ?? error.message}`);
    });
    runner.once('end', () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const file = process.env['TEST_COUNTS_FILE'];
      if (file !== undefined) {
        writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending, details: failed }));
      }
    });
  }
}

// oxlint-disable-next-line import/no-default-export -- the only way mocha takes a reporter from a file
export default CountingReporter;
