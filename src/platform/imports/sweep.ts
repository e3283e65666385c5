// Moves imports on: where every line in flight has its outcome, the next step becomes work. Called by the operations
// worker, as often as it likes. It also removes lines that nobody needs any more.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import type { Sweep } from '../commands/drain-work.ts';
import { makeRows, type WantedRow } from '../commands/make-rows.ts';
import { shardsOf, Work } from '../commands/work.ts';
import { logFor } from '../log.ts';
import type { Registry } from '../registry.ts';
import { stepKind } from './import.commands.ts';
import { ImportChunks, Imports, lineId, type Import } from './import.ts';
import { forget } from './receive.ts';

const log = logFor('imports');
const bounded = { maxTimeMS: limits.mongoMs };
const tidyEveryMs = 60_000;
const pageSize = 200;

/** Makes one row for each running import of these shards that waits for nothing. Returns how many are new. */
export async function stepImports(registry: Registry, shards: readonly string[], now: Date): Promise<number> {
  const running = await Imports.native().find(runningOf(shards), bounded).toArray();
  const wanted: WantedRow[] = [];
  for (const { _id: id, step, requestId, ...row } of running) {
    if (!(await isWaiting({ _id: id, inFlight: row.inFlight }))) {
      const draft = { kind: stepKind, input: { id, step }, cause: `i.${id}.step.${step}` };
      wanted.push({ draft, requestId });
    }
  }
  return await makeRows(registry, wanted, now);
}

function runningOf(shards: readonly string[]): mongo.Filter<Import> {
  return { state: 'running', shard: { $in: [...shards] } };
}

async function isWaiting({ _id, inFlight }: Pick<Import, '_id' | 'inFlight'>): Promise<boolean> {
  const ids = inFlight.map(({ place }) => lineId(_id, place));
  return ids.length > 0 && (await Work.native().findOne({ _id: { $in: ids }, state: 'new' }, bounded)) !== null;
}

/** Removes the lines of imports that are over, and of uploads that never became one. Returns of how many. */
export async function tidyUploads(now: Date): Promise<number> {
  const firsts = await ImportChunks.native()
    .find({ n: 0 }, bounded)
    .project<{ upload: string; at: Date }>({ upload: 1, at: 1 })
    .limit(pageSize)
    .toArray();
  const known = await Imports.native()
    .find({ _id: { $in: firsts.map(({ upload }) => upload) } }, { ...bounded, projection: { state: 1 } })
    .toArray();
  const states = new Map(known.map(({ _id, state }) => [_id, state]));
  const broken = now.getTime() - retention.uploadsBrokenMs;
  const unneeded = firsts.filter(({ upload, at }) => {
    const state = states.get(upload);
    return state === undefined ? at.getTime() < broken : state !== 'running';
  });
  for (const { upload } of unneeded) {
    await forget(upload);
  }
  return unneeded.length;
}

/** The sweep of imports. One owner, that of the pool's first shard, tidies up now and then. */
export function importSweep(): Sweep {
  const [first = ''] = shardsOf('operations');
  let tidyAt = 0;
  const run: Sweep['run'] = async (registry, shards, now) => {
    if (now.getTime() >= tidyAt && shards.includes(first)) {
      tidyAt = now.getTime() + tidyEveryMs;
      tidyUploads(now).catch((error: unknown) =>
        log.debug({ reason: String(error) }, 'Could not tidy up; trying again'),
      );
    }
    return await stepImports(registry, shards, now);
  };
  return { places: [{ in: Imports.name, waits: runningOf }], run };
}
