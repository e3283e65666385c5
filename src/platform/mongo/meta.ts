// Facts about the whole installation, and locks that one process at a time holds.
import { defineCollection } from './collection.ts';

interface MetaRow {
  readonly _id: string;
  readonly digest?: string;
  /** Who holds a lock, and until when it is believed to live; see lease.ts. */
  readonly holder?: string;
  readonly until?: Date;
  /** Of the lock of backups: seconds that were added to MongoDB's window of the past. */
  readonly added?: number;
}

/** Facts about the whole installation. */
export const Meta = defineCollection<MetaRow>('meta', {
  digest: String,
  holder: String,
  until: Date,
  added: Number,
});
