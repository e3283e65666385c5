// A board in Redis: a sorted set, each owner's revision and member, the generation it belongs to and a marker that is
// set last. Every script reads generation and marker in the same step as it reads or writes, so that a flush, a
// restart or a rebuild half-way is never taken for a board.
import { orElse, redisKey, sharedClient } from '../redis/clients.ts';

/** What a board needs to know of an owner. `rev` grows with each change of the owner's document. */
export interface BoardEntry {
  readonly owner: string;
  readonly score: number;
  readonly achievedAt: number;
  readonly rev: number;
}

/** Where a page begins: at a place, or so that an owner stands in its middle. */
export type From = { readonly offset: number } | { readonly around: string };

/** A part of the set: `better` owners have a higher score than the first entry. */
export interface BoardPart {
  readonly entries: readonly { readonly owner: string; readonly score: number }[];
  readonly offset: number;
  readonly total: number;
  readonly better: number;
}

// KEYS: generation, set, revisions, marker. A live write (no token) goes to whatever is being built or served.
const add = `
local generation = redis.call('GET', KEYS[1])
if not generation then return 0 end
if ARGV[1] ~= '' and ARGV[1] ~= generation then return redis.error_reply('SUPERSEDED') end
if ARGV[1] ~= '' then redis.call('PEXPIRE', KEYS[5], 10000) end
for i = 2, #ARGV, 4 do
  local owner, score, member, rev = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local known = redis.call('HGET', KEYS[3], owner)
  local newer = true
  if known then
    local split = string.find(known, ' ', 1, true)
    newer = tonumber(string.sub(known, 1, split - 1)) < rev
    if newer then redis.call('ZREM', KEYS[2], string.sub(known, split + 1)) end
  end
  if newer then
    redis.call('ZADD', KEYS[2], score, member)
    redis.call('HSET', KEYS[3], owner, rev .. ' ' .. member)
  end
end
return 1`;

const begin = `
if redis.call('SET', KEYS[5], ARGV[1], 'NX', 'PX', 10000) == false then return 0 end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
redis.call('SET', KEYS[1], ARGV[1])
return 1`;

const finish = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[4], '1')
redis.call('DEL', KEYS[5])
return 1`;

const read = `
local generation = redis.call('GET', KEYS[1])
if not generation or redis.call('GET', KEYS[4]) ~= '1' then return false end
if string.sub(generation, 1, #ARGV[1] + 1) ~= ARGV[1] .. '.' then return false end
local total = redis.call('ZCARD', KEYS[2])
local offset, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
if ARGV[4] ~= '' then
  local known = redis.call('HGET', KEYS[3], ARGV[4])
  if not known then return {'absent'} end
  local place = redis.call('ZREVRANK', KEYS[2], string.sub(known, string.find(known, ' ', 1, true) + 1))
  offset = math.max(0, math.min(place - math.floor(limit / 2), total - limit))
end
local rows = redis.call('ZREVRANGE', KEYS[2], offset, offset + limit - 1, 'WITHSCORES')
local better = 0
if rows[2] then better = redis.call('ZCOUNT', KEYS[2], '(' .. rows[2], '+inf') end
local out = {tostring(offset), tostring(total), tostring(better)}
for i = 1, #rows, 2 do
  out[#out + 1] = rows[i]
  out[#out + 1] = rows[i + 1]
end
return out`;

function keysOf(board: string): string[] {
  return ['generation', 'set', 'revisions', 'ready', 'building'].map((part) => redisKey('board', `{${board}}`, part));
}

/** Among equal scores the reverse order of members puts the earlier achiever first. */
function memberOf(entry: BoardEntry): string {
  const early = 9_999_999_999_999 - Math.min(Math.max(Math.trunc(entry.achievedAt), 0), 9_999_999_999_999);
  return `${String(early).padStart(13, '0')}.${entry.owner}`;
}

/** Adds entries that are newer than what is known. With a token: only to the build it began. Throws without Redis. */
export async function addToBoard(board: string, entries: readonly BoardEntry[], token = ''): Promise<void> {
  const rows = entries.flatMap((entry) => [entry.owner, String(entry.score), memberOf(entry), String(entry.rev)]);
  await sharedClient().eval(add, 5, ...keysOf(board), token, ...rows);
}

/** Begins a build. False when somebody else is at it, or Redis does not answer. */
export async function beginBoard(board: string, token: string): Promise<boolean> {
  return await orElse(false, async (client) => (await client.eval(begin, 5, ...keysOf(board), token)) === 1);
}

/** Sets the marker, if the build is still the current one. */
export async function finishBoard(board: string, token: string): Promise<void> {
  await sharedClient().eval(finish, 5, ...keysOf(board), token);
}

/** A part of a board that is whole and of this generation; null where there is none. */
export async function readBoard(
  board: string,
  generation: number,
  from: From,
  limit: number,
): Promise<BoardPart | 'absent' | null> {
  const offset = 'offset' in from ? from.offset : 0;
  const around = 'around' in from ? from.around : '';
  const answer = await orElse(
    null,
    async (client) =>
      await client.eval(read, 5, ...keysOf(board), String(generation), String(offset), String(limit), around),
  );
  if (!Array.isArray(answer)) {
    return null;
  }
  if (answer[0] === 'absent') {
    return 'absent';
  }
  const [start, total, better, ...rows] = answer.map(String);
  const entries = Array.from({ length: rows.length / 2 }, (_, index) => ({
    owner: (rows[index * 2] ?? '').slice(14),
    score: Number(rows[index * 2 + 1]),
  }));
  return { entries, offset: Number(start), total: Number(total), better: Number(better) };
}
