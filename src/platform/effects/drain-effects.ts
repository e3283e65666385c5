// Draining a pool of effects: what an owner of its shards does in each pass. A pass settles what ended and launches what
// may begin; it never waits for anything outside, so the lease is kept and nobody is held up by a slow one.
import type { Worker } from 'bullmq';
import { leases, performing, type EffectPool } from '#config/pools.ts';
import { consume } from '../commands/consumers.ts';
import { Owner, type Drain } from '../commands/owner.ts';
import { readyRows, workPlace } from '../commands/ready-rows.ts';
import { diedWith, type Tenure } from '../commands/tenure.ts';
import { DeadLetters, Work, type WorkRow } from '../commands/work.ts';
import { groupBy } from '../group-by.ts';
import type { Registry } from '../registry.ts';
import { retryOf, TerminalError, type EffectDefinition } from './effect.ts';
import { Flight } from './flight.ts';
import { EffectSettler } from './settle-effects.ts';

/** A shard that was asked for and then no more is kept after this. */
const askedMs = 2 * leases.renewMs;

/** A shard that is wanted elsewhere: nothing of it begins any more. */
interface Leaving {
  readonly since: number;
  readonly asked: number;
}

/** Owns shards of a pool of effects and performs what is in them. */
export function effectOwner(registry: Registry, pool: EffectPool): Owner {
  const flight = new Flight(() => owner.wake());
  const settler = new EffectSettler(registry, flight);
  const consumers = new Map<string, Worker>();
  const leaving = new Map<string, Leaving>();
  const kinds = [...registry.effects.values()].filter((effect) => effect.pool === pool);
  let taken = '';

  /** Writes down what is under way, for a successor to know, where that has changed. */
  const take = async (tenure: Tenure, more: readonly WorkRow[]): Promise<void> => {
    const ids = [...flight.rows(), ...more].map(({ _id }) => _id);
    const names = [tenure.id, ...ids].join(' ');
    if (names !== taken) {
      await tenure.take(ids);
      taken = names;
    }
  };

  const drain: Drain = {
    places: [workPlace],
    pass: async (tenure) => {
      await settler.settle(tenure);
      const now = Date.now();
      const stays = (shard: string): boolean => now - (leaving.get(shard)?.asked ?? 0) > askedMs;
      const chosen = await choose([...tenure.shards].filter(stays), flight.rows(), kinds);
      // Before anything is performed: an effect that kills its process leaves its name behind.
      await take(tenure, chosen);
      chosen.forEach((row) => launch(registry, flight, row));
      return flight.landed().length > 0;
    },
    mayRelease: (shard) => {
      const asked = Date.now();
      const since = leaving.get(shard)?.since ?? asked;
      if (!flight.rows().some((row) => row.shard === shard)) {
        leaving.delete(shard);
        return true;
      }
      leaving.set(shard, { since: asked - (leaving.get(shard)?.asked ?? asked) > askedMs ? asked : since, asked });
      if (asked - since > performing.handOverMs) {
        flight.handOver((each) => each === shard);
      }
      return false;
    },
    finish: async (tenure) => {
      const until = Date.now() + performing.handOverMs;
      while (flight.rows().length > 0 && Date.now() < until) {
        await settler.settle(tenure);
        await flight.nextLanding(until - Date.now());
      }
      flight.handOver(() => true);
      await settler.settle(tenure);
    },
    onShards: (shards) => {
      if (shards.size === 0) {
        flight.drop();
        leaving.clear();
      }
      consume(consumers, shards, owner);
    },
  };
  const owner = new Owner(pool, drain);
  return owner;
}

function launch(registry: Registry, flight: Flight, row: WorkRow): void {
  const definition = registry.effects.get(row.kind);
  if (!definition) {
    flight.land({ row, error: new TerminalError(`No service here defines the effect ${row.kind}`) });
  } else if (row.attempts >= retryOf(definition).attempts) {
    flight.land({ row, error: new TerminalError(row.error ?? 'It had all its attempts') });
  } else {
    flight.launch(row, definition);
  }
}

/**
 * The rows to begin with, oldest first: none of a lane that has one under way or waiting for another try, no more of a
 * kind than it says, and of those that a process died with one at a time, so that a culprit drags nobody along twice.
 */
async function choose(
  shards: readonly string[],
  flying: readonly WorkRow[],
  kinds: readonly EffectDefinition[],
): Promise<WorkRow[]> {
  const free = performing.atOnce - flying.length;
  if (free <= 0 || shards.length === 0) {
    return [];
  }
  const now = new Date();
  const chosen: WorkRow[] = [];
  const held = await heldLanes(shards, kinds, now);
  for (let looking = true; looking;) {
    const busy = [...flying, ...chosen];
    const suspects = busy.some(({ error }) => error === diedWith);
    const found = await readyRows(shards, now, free - chosen.length, {
      key: { $nin: [...held, ...busy.map(({ key }) => key)] },
      kind: { $nin: fullKinds(kinds, busy) },
      ...(suspects ? { error: { $ne: diedWith } } : {}),
    });
    const added = mayBegin(found, busy, kinds);
    chosen.push(...added);
    // Rows of one lane or one kind may have stood before others that could begin.
    looking = added.length > 0 && added.length < found.length && chosen.length < free;
  }
  return chosen;
}

function mayBegin(found: readonly WorkRow[], busy: readonly WorkRow[], kinds: readonly EffectDefinition[]): WorkRow[] {
  const added: WorkRow[] = [];
  for (const row of found) {
    const others = [...busy, ...added];
    const alone = row.error !== diedWith || !others.some(({ error }) => error === diedWith);
    if (alone && !others.some(({ key }) => key === row.key) && !fullKinds(kinds, others).includes(row.kind)) {
      added.push(row);
    }
  }
  return added;
}

function fullKinds(kinds: readonly EffectDefinition[], busy: readonly WorkRow[]): string[] {
  const counts = groupBy(busy, ({ kind }) => kind);
  return kinds
    .filter(({ kind, atOnce = performing.atOnceOfKind }) => (counts.get(kind)?.length ?? 0) >= atOnce)
    .map(({ kind }) => kind);
}

/** Lanes whose first row waits for another try, and those whose dead letter waits for its redrive where that blocks. */
async function heldLanes(shards: readonly string[], kinds: readonly EffectDefinition[], now: Date): Promise<string[]> {
  const laned = kinds.filter((definition) => 'lane' in definition);
  const blocking = laned.filter(({ onFailure }) => onFailure === 'block').map(({ kind }) => kind);
  const shard = { $in: [...shards] };
  const [waiting, dead] = await Promise.all([
    laned.length === 0
      ? []
      : Work.native().distinct('key', {
          shard,
          state: 'new',
          kind: { $in: laned.map(({ kind }) => kind) },
          notBefore: { $gt: now },
          attempts: { $gt: 0 },
        }),
    blocking.length === 0
      ? []
      : DeadLetters.native().distinct('key', { shard, kind: { $in: blocking }, redrivenAt: null }),
  ]);
  return [...new Set([...waiting, ...dead])];
}
