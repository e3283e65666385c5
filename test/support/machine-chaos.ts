// Programs that are played on machines over HTTP while processes are killed and Redis is emptied, and what must be true
// when they are over. Called by test/e2e/machines.test.ts and test/e2e/full/machines.test.ts.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { comesUp } from './chaos.ts';
import { eventually } from './eventually.ts';
import { call } from './fleet.ts';
import { insist, type Attempts, type Final } from './insist.ts';
import { settled } from './invariants.ts';
import { after, fresh, rested, tally, type Ask, type Expected } from './machine-programs.ts';
import type { Seeded } from './seeded.ts';
import type { System } from './system.ts';

/** How many faults. */
export interface Faults {
  readonly random: Seeded;
  readonly kills: number;
  readonly killEveryMs: number;
  readonly flushes: number;
}

interface Row extends Record<string, unknown> {
  readonly _id: string;
}

/** Registers the tally. */
export async function defineTally(system: System): Promise<void> {
  const body = { type: 'tally', definition: tally };
  const reply = await call(system.url(0), 'POST', '/api/state-machines/definitions', { token: system.token, body });
  assert.equal(reply.status, 201, JSON.stringify(reply.body));
}

/** Plays each program on a tally of its own, each for another person; gives what happened, for people to read. */
export async function playPrograms(system: System, programs: readonly Ask[][], faults: Faults): Promise<string[]> {
  const attempts: Attempts = { statuses: new Map(), unexpected: [], slowestMs: 0 };
  const run = `${faults.random.seed}-${Date.now()}`;
  const players = programs.map((asks, index) => new Player(system, attempts, `${run}-${index}`, index, asks));
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
  assert.equal(await system.db.collection('timers').countDocuments({ state: 'armed', instance: /^tally\./u }), 0);
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

/** One program: asks one after another, and knows what each must come to. */
class Player {
  readonly #system: System;
  readonly #attempts: Attempts;
  readonly #id: string;
  readonly #turn: number;
  readonly #asks: readonly Ask[];
  #expected: Expected = fresh;

  constructor(system: System, attempts: Attempts, id: string, turn: number, asks: readonly Ask[]) {
    this.#system = system;
    this.#attempts = attempts;
    this.#id = id;
    this.#turn = turn;
    this.#asks = asks;
  }

  get #userId(): string {
    return this.#system.people[this.#turn] ?? assert.fail('there are fewer people than programs');
  }

  async play(): Promise<void> {
    const input = { userId: this.#userId };
    const made = await this.#post('create', '/api/state-machines/create', { type: 'tally', id: this.#id, input });
    assert.ok(isYes(made), `${this.#id} was not made: ${JSON.stringify(made)}`);
    for (const [index, ask] of this.#asks.entries()) {
      await this.#ask(ask, index);
    }
  }

  async #ask(ask: Ask, index: number): Promise<void> {
    if (this.#expected.state === 'resting' && ask.type !== 'ADD') {
      await this.#rest();
    }
    const next = after(this.#expected, ask);
    const final = await this.#post(String(index), `/api/state-machines/tally/${this.#id}/event`, ask);
    assert.equal(isYes(final), next !== null, `${this.#id} ${index} ${ask.type}: ${JSON.stringify(final)}`);
    this.#expected = next ?? this.#expected;
  }

  /** An addition may come before the rest is over or behind it: the same comes of it. */
  async #rest(): Promise<void> {
    this.#expected = rested(this.#expected);
    const { rests } = this.#expected;
    await eventually(async () => assert.equal((await this.#state()).context['rests'], rests), 30_000, 100);
  }

  async #post(name: string, path: string, body: unknown): Promise<Final | undefined> {
    const { token } = this.#system;
    const asking = { urls: () => this.#system.urls(), token };
    return await insist(asking, this.#attempts, { path, key: `${this.#id}-${name}`, body }, this.#turn);
  }

  async #state(): Promise<{ value: unknown; seq: number; context: Record<string, unknown> }> {
    const urls = this.#system.urls();
    const path = `/api/state-machines/tally/${this.#id}/state`;
    const reply = await call(urls[this.#turn % urls.length] ?? '', 'GET', path, { token: this.#system.token });
    assert.equal(reply.status, 200);
    return reply.body as { value: unknown; seq: number; context: Record<string, unknown> };
  }

  /** State, history and effects are what the model says: each effect once, in order. */
  async check(): Promise<void> {
    const { state, total, added, rests } = this.#expected;
    const { value, context } = await this.#state();
    assert.deepEqual([value, context], [state, { userId: this.#userId, total, adds: added.length, rests }], this.#id);
    const { db, token } = this.#system;
    const path = `/api/state-machines/tally/${this.#id}/verify`;
    const verified = await call(this.#system.url(0), 'GET', path, { token });
    assert.equal((verified.body as { chain: string }).chain, 'intact');
    const rows = await db.collection<Row>('xp_ledger').find({ userId: this.#userId }).toArray();
    const inOrder = rows.toSorted((left, right) => xpAfter(left) - xpAfter(right));
    assert.deepEqual(
      inOrder.map(({ reason, amount }) => [reason, amount]),
      added.map((n, index) => [String(index + 1), n]),
      `the effects of ${this.#id}`,
    );
  }
}

function xpAfter({ answer }: Row): number {
  return (answer as { xp: number }).xp;
}

function isYes(final: Final | undefined): boolean {
  return final !== undefined && (final.status === 'done' || (typeof final.status === 'number' && final.status < 300));
}
