// The rule of feeds: only the event that comes next is applied; what was seen is dropped, what leaves a gap is asked
// for again. "Exactly once" is this rule. Called by follower.ts.

/** A place in a feed. `epoch` is null while a feed is empty. */
export interface Place {
  readonly seq: number;
  readonly epoch: string | null;
}

/** Where a client is: everything up to `seq` was applied. */
export type Cursor = Place;

/** `next`: apply it and move the cursor there. `known`: drop it. `gap`: ask for what follows the cursor. */
export type Verdict = 'next' | 'known' | 'gap';

/** What to do with an event at a place. An event of another epoch is a gap: the server then says how to go on. */
export function judge(cursor: Cursor, place: Place): Verdict {
  if (cursor.epoch !== null && place.epoch !== cursor.epoch) {
    return 'gap';
  }
  if (place.seq <= cursor.seq) {
    return 'known';
  }
  return place.seq === cursor.seq + 1 ? 'next' : 'gap';
}
