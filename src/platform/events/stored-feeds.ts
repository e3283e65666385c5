// The promise that feeds are whole, for backups: numbers without gaps from the oldest that is kept. Declared to the
// registry's checks.
import { Complaints, type StoredCheck } from '../backup/checks.ts';
import { FeedEvents, type FeedEvent } from './feeds.ts';

/** Every feed counts 1, 2, 3 … from the oldest event that is kept, under one epoch. */
export const storedFeeds: StoredCheck = {
  promise: 'every feed counts on without gaps',
  // As the index has it: the newest of each feed first.
  reads: { [FeedEvents.name]: { feed: 1, seq: -1 } },
  begin: () => {
    const complaints = new Complaints();
    let last: Pick<FeedEvent, 'feed' | 'seq' | 'epoch'> | undefined;
    return {
      see: (_collection, doc) => {
        const { feed, seq, epoch } = doc as unknown as FeedEvent;
        if (last?.feed === feed && last.seq !== seq + 1) {
          complaints.add(`${feed} has ${seq} and next ${last.seq}`);
        }
        if (last?.feed === feed && last.epoch !== epoch) {
          complaints.add(`${feed} has more than one epoch`);
        }
        if (seq < 1) {
          complaints.add(`${feed} has the number ${seq}`);
        }
        last = { feed, seq, epoch };
      },
      end: () => complaints.all(),
    };
  },
};
