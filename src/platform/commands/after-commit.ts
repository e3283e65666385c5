// What follows a commit, whoever made it: an owner's batch or a direct command. All of it is quick or best effort, since
// the rows are the truth.
import { groupBy } from '../group-by.ts';
import { countAccepted, countSettled, observeBatch } from '../metrics/metrics.ts';
import { hint } from '../redis/hints.ts';
import type { Registry } from '../registry.ts';
import type { Committed } from './committer.ts';
import { wakeOwners } from './queues.ts';
import { announce } from './settled.ts';

/** Answers the callers that wait, wakes owners and feeds, and tells the projections. */
export function afterCommit(registry: Registry, committed: Committed): void {
  announce(committed.settlements);
  wakeOwners(committed.work);
  if (committed.events > 0) {
    hint('events', committed.events);
  }
  project(registry, committed);
  measure(committed);
}

function measure({ settlements, work, uncertain }: Committed): void {
  countAccepted(work);
  countSettled(settlements);
  const [first] = settlements;
  if (first && uncertain !== true) {
    observeBatch(first.row.shard.slice(0, first.row.shard.indexOf('.')), settlements.length);
  }
}

/** Hands committed documents to the projections of their collections. */
function project(registry: Registry, committed: Committed): void {
  if (committed.uncertain) {
    registry.projections.forEach((projection) => void projection.onTakeover());
    return;
  }
  for (const [name, writes] of groupBy(committed.writes, ({ into }) => into.name)) {
    const projection = registry.projections.get(name);
    if (projection) {
      void projection.push([...new Map(writes.map(({ doc }) => [doc._id, doc])).values()]);
    }
  }
}
