// Ids and digests. Every id is a string without `:`; ids made here sort by the time they were made.
import { createHash, getRandomValues } from 'node:crypto';
import { hostname } from 'node:os';
import { LRUCache } from 'lru-cache';
import { v7 } from 'uuid';

// Random bytes are drawn in one go for many ids: a draw for each costs more than the rest of an id.
const pool = new Uint8Array(16 * 256);
let drawn = pool.length;
let msecs = 0;
let seq = 0;

/** A new id (UUID version 7): later ids of one process sort after earlier ones, within a millisecond too. */
export function newId(): string {
  if (drawn === pool.length) {
    getRandomValues(pool);
    drawn = 0;
  }
  const random = pool.subarray(drawn, (drawn += 16));
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    seq = 0;
  } else {
    seq += 1;
  }
  return v7({ random, msecs, seq });
}

/** When an id was made, by the clock of the process that made it. */
export function madeAt(id: string): Date {
  return new Date(Number.parseInt(`${id.slice(0, 8)}${id.slice(9, 13)}`, 16));
}

/** Names this process in leases, hints and statistics; another one after a restart. */
export const nodeId = `${hostname().replaceAll(/[^A-Za-z0-9-]/gu, '-')}-${process.pid}-${newId().slice(-6)}`;

/** JSON with sorted keys, so that equal values have equal text. `undefined` members are left out, as JSON does. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') {
    return JSON.stringify(value) ?? 'null';
  }
  if (value instanceof Date) {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(',')}]`;
  }
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  // A loop over names, not over pairs in arrays: digests of every request and every step are made of this.
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) {
      text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`;
    }
  }
  return `{${text}}`;
}

/** SHA-256 of a text as lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

// A request, its events and their places in feeds ask for the shards of the same few keys.
const numbers = new LRUCache<string, number>({ max: 10_000 });

/** The shard number of a key among `count`: the first 32 bits of its SHA-1, modulo. Stable for ever. */
export function shardOf(key: string, count: number): number {
  let number = numbers.get(key);
  if (number === undefined) {
    number = createHash('sha1').update(key).digest().readUInt32BE(0);
    numbers.set(key, number);
  }
  return number % count;
}
