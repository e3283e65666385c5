// Follows one feed without loss and without repeats, whatever the connection does. Called by live.ts.
import { z } from 'zod';
import { judge, type Cursor } from './feed-cursor.ts';

const placed = z.object({
  seq: z.int(),
  epoch: z.string(),
  event: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }),
});

/** An event as it stands in a feed; of its members those that are used here. */
export type FeedEvent = z.output<typeof placed>['event'];

const acknowledged = z.object({
  ok: z.literal(true),
  events: z.array(placed),
  head: z.int(),
  epoch: z.string().nullable(),
  more: z.boolean(),
  reset: z.boolean().optional(),
});

/** Sends `subscribe` and gives its acknowledgement; throws where none comes. */
export type Subscribe = (message: { feed: string; since?: number; epoch?: string | null }) => Promise<unknown>;

/** One feed from the moment of joining on. */
export class Follower {
  readonly feed: string;
  readonly #subscribe: Subscribe;
  readonly #apply: (event: FeedEvent) => void;
  #cursor: Cursor | undefined;
  /** The furthest place that is known to exist. */
  #wanted = 0;
  #catchingUp: Promise<void> | undefined;
  /** Events applied, those of them that had to be asked for, and cursors the server declared void. */
  readonly counts = { events: 0, asked: 0, resets: 0 };

  constructor(feed: string, subscribe: Subscribe, apply: (event: FeedEvent) => void) {
    this.feed = feed;
    this.#subscribe = subscribe;
    this.#apply = apply;
  }

  /** Joins at the end of the feed; after a lost connection, where it was. Throws where no answer comes. */
  async join(): Promise<void> {
    if (this.#cursor === undefined) {
      const { head, epoch } = acknowledged.parse(await this.#subscribe({ feed: this.feed }));
      this.#cursor ??= { seq: head, epoch };
    } else {
      await this.catchUp();
    }
  }

  /** Takes an event that arrived live. */
  take(message: unknown): void {
    const { data } = placed.safeParse(message);
    if (data !== undefined && this.#offer(data) === 'gap') {
      this.#wanted = Math.max(this.#wanted, data.seq);
      this.#catchUpQuietly();
    }
  }

  /** Takes a beacon: where the feed ends. */
  beacon(head: number): void {
    if (this.#cursor !== undefined && head > this.#cursor.seq) {
      this.#wanted = Math.max(this.#wanted, head);
      this.#catchUpQuietly();
    }
  }

  /** Asks for everything after the cursor. Throws where no answer comes. */
  async catchUp(): Promise<void> {
    this.#catchingUp ??= this.#resume().finally(() => {
      this.#catchingUp = undefined;
    });
    await this.#catchingUp;
  }

  /** The next event, beacon or connection tries again. */
  #catchUpQuietly(): void {
    this.catchUp().catch(() => undefined);
  }

  async #resume(): Promise<void> {
    let more = true;
    // What was passed over as a gap while the answer was on its way is asked for again.
    while (this.#cursor !== undefined && (more || this.#cursor.seq < this.#wanted)) {
      const { seq, epoch } = this.#cursor;
      const page = acknowledged.parse(await this.#subscribe({ feed: this.feed, since: seq, epoch }));
      if (page.reset === true) {
        this.counts.resets += 1;
        this.#cursor = { seq: page.head, epoch: page.epoch };
        this.#wanted = page.head;
      }
      this.counts.asked += page.events.filter((event) => this.#offer(event) === 'next').length;
      more = page.more;
      if (!more && page.events.length === 0) {
        return;
      }
    }
  }

  #offer(event: z.output<typeof placed>): 'next' | 'known' | 'gap' {
    // Before the head is known nothing can be placed; what arrives then is beyond it and is found as a gap later.
    const verdict = this.#cursor === undefined ? 'known' : judge(this.#cursor, event);
    if (verdict === 'next') {
      this.#cursor = { seq: event.seq, epoch: event.epoch };
      this.counts.events += 1;
      this.#apply(event.event);
    }
    return verdict;
  }
}
