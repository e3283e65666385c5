// What the commands for operators (backup, restore) share: their checks, refusals as sentences, exit codes.
import { BackupError } from '#src/platform/backup/format.ts';
import type { StoredCheck } from '#src/platform/backup/checks.ts';
import { verifyBackup, type Verification } from '#src/platform/backup/verify.ts';
import { EmbeddedError } from '#src/platform/embedded/child.ts';
import { storedFeeds } from '#src/platform/events/stored-feeds.ts';
import { logFor } from '#src/platform/log.ts';
import { storedChains } from '#src/platform/machines/stored-chains.ts';
import { BootRefusal } from '#src/platform/mongo/connect.ts';
import type { Registry } from '#src/platform/registry.ts';

const log = logFor('backup');

/** Exit codes of the commands, as sysexits.h names them where it does. */
export const exits = Object.freeze({ done: 0, failed: 1, usage: 64, refused: 78 });

/** Every promise about stored data: the platform's and the services'. */
export function allChecks(registry: Registry): StoredCheck[] {
  return [storedChains, storedFeeds, ...registry.checks];
}

/** Writes a line for a person, past the log. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Verifies a backup and tells what is wrong with it. @throws BackupError where it is not whole */
export async function verified(folder: string, registry: Registry): Promise<Verification> {
  log.info(`Verifying ${folder}`);
  const verification = await verifyBackup(folder, allChecks(registry));
  const { problems, manifest } = verification;
  if (problems.length > 0) {
    throw new BackupError(`The backup in ${folder} is damaged:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
  const documents = manifest.files.reduce((sum, file) => sum + file.documents, 0);
  log.info(
    `The backup of ${manifest.takenAt} is whole: ${manifest.files.length} collections, ${documents} documents, every chain, feed and sum checked`,
  );
  return verification;
}

/** Runs a command; a refusal is a sentence on stderr, anything else an error in the log. Sets the exit code. */
export async function runCommandLine(body: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (error instanceof BackupError || error instanceof EmbeddedError || error instanceof BootRefusal) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = error instanceof BootRefusal ? exits.refused : exits.failed;
    } else {
      log.fatal({ err: error }, 'The command failed');
      process.exitCode = exits.failed;
    }
  }
}
