// Facts about the whole installation, and locks that one process at a time holds.
import { defineCollection } from './collection.ts';

interface MetaRow {
  readonly _id: string;
  readonly digest?: string;
  /** Who holds a lock, and until when it is believed to live; see lease.ts. */
  readonly holder?: string;
  readonly until?: Date;
  /** Of the lock of backups: MongoDB's window of the past in seconds, as it was and as it was raised. */
  readonly before?: number;
  readonly raised?: number;
}

/** Facts about the whole installation. */
export const Meta = defineCollection<MetaRow>('meta', {
  digest: String,
  holder: String,
  until: Date,
  before: Number,
  raised: Number,
});
