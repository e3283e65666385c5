// Exports of what is kept about a person: their rows, and the files in GridFS.
import mongoose from 'mongoose';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** One export. */
export interface UserExport {
  /** The id of the work row that writes it: the operation to follow. */
  readonly _id: string;
  readonly userId: string;
  readonly state: 'running' | 'ready' | 'failed' | 'expired';
  /** Parts written so far, and all of them. */
  readonly partsDone: number;
  readonly parts: number;
  /** Of the finished file. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
  readonly rev: number;
}

/** All exports. */
export const UserExports = defineCollection<UserExport>(
  'user_exports',
  {
    userId: String,
    state: String,
    partsDone: Number,
    parts: Number,
    bytes: Number,
    sha256: String,
    createdAt: Date,
    doneAt: Date,
    rev: Number,
  },
  [{ key: { userId: 1, _id: -1 } }],
);

/** The files of exports, in the database beside everything else: a backup has them, and any process can send them. */
export function exportFiles(): mongoose.mongo.GridFSBucket {
  const { db } = mongoose.connection;
  if (!db) {
    throw new Error('Not connected to MongoDB');
  }
  return new mongoose.mongo.GridFSBucket(db, { bucketName: 'user_export_files' });
}
