// Closed-loop callers over keep-alive connections, and what they saw.
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';

/** Where and as whom to call. */
export interface Target {
  readonly urls: readonly string[];
  readonly token: string;
  readonly people: readonly string[];
}

/** What one slice came to. Times in milliseconds, `cpuUs` in microseconds of CPU a request. */
export interface Slice {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuUs: number;
  readonly failed: number;
}

// The load shares the processors with what it measures, so it is as lean as can be had.
const agent = new Agent({ connections: 1_024, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });

/** Sends one JSON request; resolves with status and body. */
export async function send(
  url: string,
  path: string,
  token: string | undefined,
  body: unknown,
  key?: string,
): Promise<{ status: number; text: string }> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  };
  return await new Promise((resolve, reject) => {
    let status = 0;
    const parts: Buffer[] = [];
    agent.dispatch(
      { origin: url, path, method: 'POST', headers, body: JSON.stringify(body) },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => {
          status = code;
        },
        onResponseData: (_controller, part) => {
          parts.push(part);
        },
        onResponseEnd: () => resolve({ status, text: Buffer.concat(parts).toString() }),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

/** CPU seconds the processes have used so far (Linux: utime and stime of /proc/<pid>/stat, at 100 ticks a second). */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

/** What callers saw. Times in milliseconds. */
export type Seen = Omit<Slice, 'cpuUs'> & { readonly done: number };

/** Lets `callers` ask for `seconds`, each the next as soon as it has its answer. `ask` tells whether that was a yes. */
export async function drive(
  callers: number,
  seconds: number,
  ask: (turn: number, caller: number) => Promise<boolean>,
): Promise<Seen> {
  const latencies: number[] = [];
  let failed = 0;
  let turn = 0;
  const start = performance.now();
  const end = start + seconds * 1_000;
  const caller = async (index: number): Promise<void> => {
    while (performance.now() < end) {
      turn += 1;
      const began = performance.now();
      if (await ask(turn, index)) {
        latencies.push(performance.now() - began);
      } else {
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, async (_, index) => await caller(index)));
  const elapsed = (performance.now() - start) / 1_000;
  const sorted = latencies.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99), done: latencies.length, failed };
}

/** Lets `callers` grant XP for `seconds`, each the next as soon as it has its answer. */
export async function slice(target: Target, callers: number, seconds: number, pids: readonly number[]): Promise<Slice> {
  const { urls, token, people } = target;
  const cpuBefore = cpuSeconds(pids);
  const { done, ...seen } = await drive(callers, seconds, async (turn, caller) => {
    const url = urls[caller % urls.length] ?? '';
    const body = { userId: people[(turn * 7_919) % people.length], amount: 1, reason: 'bench' };
    return (await send(url, '/api/gamification/xp/add', token, body, randomUUID())).status === 201;
  });
  return { ...seen, cpuUs: ((cpuSeconds(pids) - cpuBefore) * 1e6) / Math.max(done, 1) };
}
