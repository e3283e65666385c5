// The live side of a run: sockets that follow the feeds of some people, and the sum of what arrives there.
// Called by run.ts.
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import type { Api } from './api.ts';
import { Follower, type FeedEvent } from './follower.ts';

const acknowledgeMs = 5_000;
const reconnectMs = 500;
const connectMs = 5_000;

const ofFeed = z.object({ feed: z.string() });
const beacon = z.object({ feed: z.string(), head: z.int() });
const xpAdded = z.object({ amount: z.int(), xp: z.int() });

/** What arrives: an event of one person. */
export type OnEvent = (person: string, event: FeedEvent) => void;

/** Somebody whose feed is followed. */
interface Followed {
  readonly follower: Follower;
  /** XP by the feed alone: what was there before its first grant, and all grants since. */
  xp: number;
  seen: boolean;
}

/** The followed people of a run. */
export class Live {
  readonly #sockets: Socket[] = [];
  readonly #followed = new Map<string, Followed>();
  readonly #api: Api;
  readonly #onEvent: OnEvent;

  constructor(api: Api, onEvent: OnEvent) {
    this.#api = api;
    this.#onEvent = onEvent;
  }

  /**
   * Follows the feeds of these people (id by name), spread over the addresses. Resolves when all are joined, and with
   * false where they are not within 5 s: they go on trying.
   */
  async start(urls: readonly string[], people: ReadonlyMap<string, string>): Promise<boolean> {
    const joined = urls.map(async (url, index) => {
      const own = [...people].filter((_, place) => place % urls.length === index);
      await this.#open(url, own);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), connectMs);
    });
    const ready = await Promise.race([Promise.all(joined).then(() => true), late]);
    clearTimeout(timer);
    return ready;
  }

  /** Asks for whatever is still missing. Never throws: what has no answer is asked for again next time. */
  async catchUp(): Promise<void> {
    await Promise.allSettled([...this.#followed.values()].map(async ({ follower }) => await follower.catchUp()));
  }

  /** Sums over all feeds. */
  counts(): { readonly feeds: number; readonly events: number; readonly asked: number; readonly resets: number } {
    const all = [...this.#followed.values()].map(({ follower }) => follower.counts);
    const sum = (key: 'events' | 'asked' | 'resets'): number => all.reduce((total, counts) => total + counts[key], 0);
    return { feeds: all.length, events: sum('events'), asked: sum('asked'), resets: sum('resets') };
  }

  /** XP by the feeds alone, of the people in whose feeds something arrived. */
  xpByFeed(): ReadonlyMap<string, number> {
    return new Map([...this.#followed].filter(([, { seen }]) => seen).map(([person, { xp }]) => [person, xp]));
  }

  /** Closes the sockets. */
  close(): void {
    this.#sockets.forEach((socket) => socket.disconnect());
  }

  async #open(url: string, people: readonly (readonly [string, string])[]): Promise<void> {
    const socket = io(url, {
      transports: ['websocket'],
      reconnectionDelay: reconnectMs,
      reconnectionDelayMax: 2_000,
      auth: (use) => {
        this.#api.token().then(
          (token) => use({ token }),
          () => use({}),
        );
      },
    });
    this.#sockets.push(socket);
    const feeds = new Map<string, Follower>();
    for (const [person, id] of people) {
      const follower = this.#followerOf(socket, person, `user.${id}`);
      feeds.set(follower.feed, follower);
    }
    socket.on('event', (message: unknown) => feeds.get(ofFeed.safeParse(message).data?.feed ?? '')?.take(message));
    socket.on('feed.head', (message: unknown) => {
      const { data } = beacon.safeParse(message);
      feeds.get(data?.feed ?? '')?.beacon(data?.head ?? 0);
    });
    // The client reconnects by itself, unless it was the server that refused or said goodbye.
    const again = (): void => void setTimeout(() => (socket.active ? undefined : socket.connect()), reconnectMs);
    socket.on('connect_error', again);
    socket.on('disconnect', (reason) => (reason === 'io server disconnect' ? again() : undefined));
    await new Promise<void>((resolve) => {
      socket.on('connect', () => {
        const all = [...feeds.values()].map(async (follower) => await follower.join());
        // A feed that could not be joined is joined with the next connection.
        Promise.all(all).then(
          () => resolve(),
          () => socket.disconnect().connect(),
        );
      });
    });
  }

  #followerOf(socket: Socket, person: string, feed: string): Follower {
    const subscribe = async (message: object): Promise<unknown> =>
      (await socket.timeout(acknowledgeMs).emitWithAck('subscribe', message)) as unknown;
    const follower = new Follower(feed, subscribe, (event) => {
      this.#count(person, event);
      this.#onEvent(person, event);
    });
    this.#followed.set(person, { follower, xp: 0, seen: false });
    return follower;
  }

  #count(person: string, event: FeedEvent): void {
    const followed = this.#followed.get(person);
    const { data } = xpAdded.safeParse(event.data);
    if (followed === undefined || event.type !== 'xp.added' || data === undefined) {
      return;
    }
    followed.xp = followed.seen ? followed.xp + data.amount : data.xp;
    followed.seen = true;
  }
}
