// mocha's spec reporter that also leaves its counts in the file TEST_COUNTS_FILE. Handed to mocha by test/run.ts.
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once('end', () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const file = process.env['TEST_COUNTS_FILE'];
      if (file !== undefined) {
        writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
      }
    });
  }
}

// oxlint-disable-next-line import/no-default-export -- the only way mocha takes a reporter from a file
export default CountingReporter;
