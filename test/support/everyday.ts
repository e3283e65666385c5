// An ordinary day in short: grants, reads, feeds, people who log in and out, sockets that come and go. Called by
// test/e2e/full/soak.test.ts.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { follow, readOverHttp } from './feed-client.ts';
import { call, fleetAdmin, login } from './fleet.ts';
import { startLoad, type LoadReport } from './load.ts';
import type { System } from './system.ts';

/** What an everyday has done so far. */
export interface Counts {
  reads: number;
  logins: number;
  sockets: number;
}

/** An everyday that goes on. */
export interface Everyday {
  readonly counts: Counts;
  /** Answers and sockets that were not as they should be. */
  readonly unexpected: string[];
  readonly load: LoadReport;
  /** Ends it and resolves when everybody is done. */
  stop(): Promise<LoadReport>;
}

const tokens = z.object({ accessToken: z.string() });

const callers = 64;

/** Grants a second that the system can do on this ground, with this load beside it: as fast as the callers manage. */
export async function capacityOf(system: System, forMs: number): Promise<number> {
  const load = startLoad({ urls: () => system.urls(), token: system.token, people: system.people, callers });
  await delay(forMs / 2);
  const [warm, began] = [load.report.grants.length, performance.now()];
  await delay(forMs / 2);
  const perSecond = ((load.report.grants.length - warm) * 1_000) / (performance.now() - began);
  const { unexpected } = await load.stop();
  assert.deepEqual(unexpected, []);
  return perSecond;
}

/** Begins: callers that grant so often, and beside them somebody for each other thing, with a pause after each turn. */
export function startEveryday(system: System, grantsPerSecond: number): Everyday {
  const now = { token: system.token, stopping: false };
  const unexpected: string[] = [];
  const counts: Counts = { reads: 0, logins: 0, sockets: 0 };
  const somebody = (): string => system.people[Math.floor(Math.random() * system.people.length)] ?? '';
  const somewhere = (): string => system.url(Math.floor(Math.random() * system.fleet.apis.length));
  const load = startLoad({
    urls: () => system.urls(),
    get token() {
      return now.token;
    },
    people: system.people,
    callers,
    perSecond: grantsPerSecond,
  });
  const read = async (): Promise<void> => {
    const paths = [`xp/${somebody()}`, `profile/${somebody()}`, 'leaderboard?limit=20'];
    for (const path of paths) {
      const { status } = await call(somewhere(), 'GET', `/api/gamification/${path}`, { token: now.token });
      assert.ok(status === 200, `GET ${path}: ${String(status)}`);
      counts.reads += 1;
    }
    await readOverHttp(somewhere(), now.token, `user.${somebody()}`, 0);
    counts.reads += 1;
  };
  const comeAndGo = async (): Promise<void> => {
    const url = somewhere();
    const { status, body } = await call(url, 'POST', '/api/auth/login', { body: fleetAdmin });
    assert.equal(status, 200);
    const { accessToken: token } = tokens.parse(body);
    assert.equal((await call(url, 'POST', '/api/auth/logout', { token })).status, 204);
    counts.logins += 1;
  };
  // A token lasts ten minutes.
  let renewAt = Date.now() + 300_000;
  const renew = async (): Promise<void> => {
    if (Date.now() >= renewAt) {
      renewAt = Date.now() + 300_000;
      now.token = await login(somewhere());
    }
  };
  const listen = async (): Promise<void> => {
    const follower = await follow(somewhere(), now.token, `user.${somebody()}`, (reason) => unexpected.push(reason));
    await delay(500 + Math.random() * 2_000);
    follower.close();
    counts.sockets += 1;
  };
  const again = async (turn: () => Promise<void>, pauseMs: number): Promise<void> => {
    while (!now.stopping) {
      await turn().catch((error: unknown) => unexpected.push(String(error)));
      await delay(pauseMs);
    }
  };
  const all = Promise.all([
    again(read, 100),
    again(comeAndGo, 1_000),
    again(renew, 1_000),
    ...Array.from({ length: 6 }, async () => await again(listen, 100)),
  ]);
  return {
    counts,
    unexpected,
    load: load.report,
    stop: async () => {
      now.stopping = true;
      await all;
      return await load.stop();
    },
  };
}
