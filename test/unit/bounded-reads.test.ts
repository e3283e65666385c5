// Every find says how many rows it takes at most, or names them by their ids; those that do neither stand here with the
// reason. How long each may take is seen to by src/platform/mongo/collection.ts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';

const source = join(import.meta.dirname, '../../src');
const streamed = 'is streamed row by row, all of it within limits.mongoStreamMs or the usual time';

/** By file below `src`: how many of its finds have no limit, and why. */
const unlimited: Readonly<Record<string, readonly [count: number, reason: string]>> = {
  'platform/auth/rights.ts': [2, 'roles and changes of them: made by admins, and there to be known whole'],
  'platform/auth/session-endings.ts': [2, 'one account has at most twenty sessions'],
  'platform/auth/signing-keys.ts': [1, 'a few generations of keys'],
  'platform/backup/dump.ts': [1, streamed],
  'platform/boards/board.ts': [1, streamed],
  'platform/commands/make-rows.ts': [1, 'one row for each cause that is asked for'],
  'platform/commands/oldest-wait.ts': [1, 'owners of one pool: one for each process'],
  'platform/commands/overlay.ts': [1, 'rows by a unique member, of one batch'],
  'platform/commands/owner.ts': [1, 'the shards of a pool: config/pools.ts'],
  'platform/commands/queues.ts': [1, 'the shards of all pools: config/pools.ts'],
  'platform/imports/sweep.ts': [1, 'imports that run now, of the owner’s shards'],
  'platform/machines/verify.ts': [1, streamed],
  'platform/personal/personal.ts': [1, streamed],
  'platform/schedules/reconcile.ts': [1, 'schedules, made by admins, of the owner’s shards'],
  'services/auth/auth.personal.ts': [2, streamed],
  'services/gamification/gamification.personal.ts': [1, streamed],
  'services/state-machine/history/history.queries.ts': [2, streamed],
  'services/user/connections/connections.queries.ts': [2, 'ids of one’s own edges alone, within limits.mongoMs'],
  'services/user/exports/exports.effects.ts': [2, streamed],
  'services/user/search/search.queries.ts': [2, streamed],
  'services/user/user.personal.ts': [3, streamed],
  'services/venture/venture.personal.ts': [1, streamed],
};

/** The finds of a file without a limit, as far as their end. */
function unlimitedIn(text: string): string[] {
  return [...text.matchAll(/(?:native\(\)|users|collection|files)\s*\.find\(/gu)]
    .map(({ index }) => text.slice(index))
    .map((rest) => rest.slice(0, rest.search(/\.toArray\(\)|;\n|\)\) \{/u)))
    .filter((find) => !/\blimit\b|_id: \{ \$in:/u.test(find));
}

describe('finds without a limit', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = new Map(files.map((file) => [file, unlimitedIn(readFileSync(join(source, file), 'utf8'))]));

  it('are known with their reason, and no others', () => {
    for (const [file, finds] of found) {
      const [count] = unlimited[file] ?? [0];
      assert.equal(finds.length, count, `${file}: give it a limit, or say why it needs none\n${finds.join('\n')}`);
    }
  });

  it('are looked for in files that are there', () => {
    assert.deepEqual(
      Object.keys(unlimited).filter((file) => !found.has(file)),
      [],
    );
  });
});
