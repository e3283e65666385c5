// Programs that are played on machines over HTTP while processes are killed and Redis is emptied, and what must be true
// when they are over. Called by test/e2e/machines.test.ts and test/e2e/full/machines.test.ts.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { comesUp } from './chaos.ts';
import { call } from './fleet.ts';
import type { Attempts } from './insist.ts';
import { settled } from './invariants.ts';
import type { Player } from './machine-player.ts';
import { tally, type Ask } from './machine-programs.ts';
import { RelayPlayer } from './relay-player.ts';
import { relay, stint, type RelayAsk } from './relay-programs.ts';
import type { Seeded } from './seeded.ts';
import type { System } from './system.ts';
import { TallyPlayer } from './tally-player.ts';

/** How many faults. */
export interface Faults {
  readonly random: Seeded;
  readonly kills: number;
  readonly killEveryMs: number;
  readonly flushes: number;
}

/** What is played at the same time. */
export interface Programs {
  readonly tallies: readonly Ask[][];
  readonly relays: readonly RelayAsk[][];
}

/** Registers what programs are played on. */
export async function definePlayed(system: System): Promise<void> {
  // A relay begins stints: they are known before.
  for (const [type, definition] of Object.entries({ tally, stint, relay })) {
    const body = { type, definition };
    const reply = await call(system.url(0), 'POST', '/api/state-machines/definitions', { token: system.token, body });
    assert.equal(reply.status, 201, JSON.stringify(reply.body));
  }
}

/** Plays each program on a machine of its own, each for another person; gives what happened, for people to read. */
export async function playPrograms(system: System, programs: Programs, faults: Faults): Promise<string[]> {
  const attempts: Attempts = { statuses: new Map(), unexpected: [], slowestMs: 0 };
  const run = `${faults.random.seed}-${Date.now()}`;
  const { tallies, relays } = programs;
  const players: readonly Player[] = [
    ...tallies.map((asks, turn) => new TallyPlayer({ system, attempts, run, turn }, asks)),
    ...relays.map((asks, index) => new RelayPlayer({ system, attempts, run, turn: tallies.length + index }, asks)),
  ];
  const over = { yet: false };
  const playing = Promise.all(players.map(async (player) => await player.play())).finally(() => {
    over.yet = true;
  });
  const [story] = await Promise.all([harm(system, faults, over), playing]);
  assert.deepEqual(attempts.unexpected, []);
  await settled(system.db, 30_000);
  for (const player of players) {
    await player.check();
  }
  assert.deepEqual(await system.db.collection('dead_letters').find().toArray(), []);
  assert.equal(
    await system.db.collection('timers').countDocuments({ state: 'armed', instance: /^(?:tally|relay|stint)\./u }),
    0,
  );
  const statuses = [...attempts.statuses].map(([status, count]) => `${count} × ${status || 'no answer'}`);
  return [...story, ...statuses, `slowest ${Math.round(attempts.slowestMs)} ms`];
}

async function harm(system: System, faults: Faults, over: { yet: boolean }): Promise<string[]> {
  const { random } = faults;
  const { apis, workers } = system.fleet;
  const story: string[] = [`seed ${random.seed}`];
  let flushes = 0;
  for (let kills = 0; kills < faults.kills && !over.yet; kills += 1) {
    await delay(faults.killEveryMs / 2 + random.below(faults.killEveryMs));
    const place = random.below(apis.length + workers.length);
    story.push(place < apis.length ? `API ${place} killed` : `worker ${place - apis.length} killed`);
    const flush = flushes * faults.kills < kills * faults.flushes && flushes < faults.flushes;
    await comesUp(async () => {
      await (place < apis.length ? system.fleet.restartApi(place) : system.fleet.restartWorker(place - apis.length));
    });
    if (flush) {
      flushes += 1;
      story.push('Redis emptied');
      await system.servers.flushRedis();
    }
  }
  return story;
}
