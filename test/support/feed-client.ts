// A socket client as the contract describes it: joins a feed, applies only the next number, and asks for what it missed
// by its cursor, over the socket or over HTTP. Called by test/e2e.
import { setTimeout as delay } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { checkMessagesAgainst, messageId } from './documented.ts';
import { call } from './fleet.ts';

const placed = z.object({ seq: z.int(), event: z.looseObject({ id: z.string(), type: z.string() }) });
const live = placed.extend({ feed: z.string(), epoch: z.string() });
const page = z.object({
  ok: z.literal(true),
  events: z.array(placed),
  head: z.int(),
  epoch: z.string().nullable(),
  more: z.boolean(),
  reset: z.boolean().optional(),
});
const head = z.object({ feed: z.string(), head: z.int() });
/** Nobody can say at the moment: the contract asks to come again. */
const unavailable = z.object({ ok: z.literal(false), problem: z.object({ status: z.literal(503) }) });
const againMs = 200;

/** A follower of one feed. */
export interface Follower {
  /** What was applied, in order: number and event id. */
  readonly applied: { seq: number; id: string }[];
  /** Number of applied events that came live, and by asking. */
  readonly ways: { live: number; asked: number };
  /** Times the connection was made. */
  readonly connections: () => number;
  /** Cuts the connection without a goodbye; the client makes it again by itself. */
  drop(): void;
  close(): void;
}

/**
 * Follows a feed from its beginning. Reconnects by itself, and asks again after a 503; a `reset`, any other refusal and
 * whatever the reference describes otherwise goes to `failed`.
 */
export async function follow(
  url: string,
  token: string,
  feed: string,
  failed: (reason: string) => void,
): Promise<Follower> {
  const applied: { seq: number; id: string }[] = [];
  const ways = { live: 0, asked: 0 };
  let connections = 0;
  let asking: Promise<void> | undefined;
  const documented = checkMessagesAgainst((await call(url, 'GET', '/api/asyncapi.json')).body);
  const check = (id: string, payload: unknown): void => {
    try {
      documented(id, payload);
    } catch (error) {
      failed(String(error));
    }
  };
  const socket = io(url, {
    transports: ['websocket'],
    auth: { token },
    reconnectionDelay: 50,
    reconnectionDelayMax: 300,
  });
  socket.onAny((name: string, payload: unknown) => check(messageId(name, payload), payload));
  const cursor = (): number => applied.at(-1)?.seq ?? 0;
  const apply = ({ seq, event }: z.output<typeof placed>): boolean => {
    if (seq !== cursor() + 1) {
      return false;
    }
    applied.push({ seq, id: event.id });
    return true;
  };
  const ask = async (): Promise<void> => {
    for (let more = true; more;) {
      const given = await subscribe(socket, { feed, since: cursor() });
      check('subscribe.answer', given);
      if (unavailable.safeParse(given).success) {
        await delay(againMs);
        continue;
      }
      const answer = page.safeParse(given);
      if (!answer.success || answer.data.reset) {
        failed(`since ${cursor()}: ${JSON.stringify(answer.data ?? answer.error?.issues)}`);
        return;
      }
      ways.asked += answer.data.events.filter((each) => apply(each)).length;
      more = answer.data.more;
    }
  };
  const catchUp = (): void => {
    asking ??= ask()
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
  };
  const begun = new Promise<void>((resolve, reject) => {
    socket.on('hello', () => {
      connections += 1;
      resolve();
      catchUp();
    });
    socket.on('connect_error', (error) => {
      if ('data' in error) {
        reject(new Error(`The socket was refused: ${error.message}`));
      }
    });
  });
  socket.on('event', (message: unknown) => {
    const given = live.parse(message);
    if (given.feed === feed && given.seq > cursor()) {
      if (apply(given)) {
        ways.live += 1;
      } else {
        catchUp();
      }
    }
  });
  socket.on('feed.head', (message: unknown) => {
    const given = head.parse(message);
    if (given.feed === feed && given.head > cursor()) {
      catchUp();
    }
  });
  await begun;
  return {
    applied,
    ways,
    connections: () => connections,
    drop: () => socket.io.engine.close(),
    close: () => socket.disconnect(),
  };
}

async function subscribe(socket: Socket, message: { feed: string; since: number }): Promise<unknown> {
  return (await socket.timeout(10_000).emitWithAck('subscribe', message)) as unknown;
}

const httpPage = z.object({ data: z.array(placed), head: z.int(), more: z.boolean(), reset: z.boolean().optional() });

/** A feed after a number as its HTTP twin gives it, all pages. @throws Error at a reset or a refusal */
export async function readOverHttp(
  url: string,
  token: string,
  feed: string,
  since: number,
): Promise<{ seq: number; id: string }[]> {
  const read: { seq: number; id: string }[] = [];
  for (let more = true; more;) {
    const from = read.at(-1)?.seq ?? since;
    const reply = await call(url, 'GET', `/api/websocket/feeds/${feed}?since=${from}`, { token });
    const { data, reset, more: further } = httpPage.parse(reply.body);
    if (reset) {
      throw new Error(`${feed} since ${from} was answered with a reset`);
    }
    read.push(...data.map(({ seq, event }) => ({ seq, id: event.id })));
    more = further;
  }
  return read;
}
