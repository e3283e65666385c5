// Second factors: one document for each account that has, or had, any.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** A code for the day the phone is gone. Good once. */
export interface BackupCode {
  /** A MAC: a copy of the database alone cannot be searched for the code. */
  readonly hash: string;
  readonly usedAt?: Date;
}

/** The second factors of an account. */
export interface Factors {
  /** The account's id. */
  readonly _id: string;
  readonly totp?: {
    /** The shared secret, sealed and bound to the account. */
    readonly sealed: string;
    readonly at: Date;
    /** On from here; before it is only offered. */
    readonly confirmedAt?: Date;
    /** The last time step a code was used of: no code of it or before it is good again. */
    readonly lastStep: number;
  };
  readonly backupCodes: readonly BackupCode[];
  /** Wrong codes of the app in the window that began at `wrongSince`. */
  readonly wrong: number;
  readonly wrongSince: Date;
  readonly rev: number;
}

/** All second factors. */
export const FactorSets = defineCollection<Factors>('factors', {
  totp: {
    type: { sealed: String, at: Date, confirmedAt: Date, lastStep: Number },
    required: false,
  },
  backupCodes: [{ _id: false, hash: String, usedAt: Date }],
  wrong: Number,
  wrongSince: Date,
  rev: Number,
});
