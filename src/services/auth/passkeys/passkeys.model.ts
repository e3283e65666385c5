// Passkeys: public keys that log accounts in.
import { retention } from '#config/retention.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** One passkey of one account. */
export interface Passkey {
  /** SHA-256 of the credential's id, so that ids of any length fit an index and a path. */
  readonly _id: string;
  readonly userId: string;
  /** base64url */
  readonly credentialId: string;
  /** COSE key in base64url. */
  readonly publicKey: string;
  /** What the authenticator last counted to; 0 for those that do not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly name: string;
  /** Kept in several devices at once, as the authenticator said. */
  readonly synced: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
  /** Removed: good for nothing; the row goes after some days. */
  readonly removedAt?: Date;
  readonly rev: number;
}

/** All passkeys. */
export const Passkeys = defineCollection<Passkey>(
  'passkeys',
  {
    userId: String,
    credentialId: String,
    publicKey: String,
    counter: Number,
    transports: [String],
    name: String,
    synced: Boolean,
    createdAt: Date,
    lastUsedAt: Date,
    removedAt: Date,
    rev: Number,
  },
  [
    { key: { userId: 1, createdAt: 1 } },
    { key: { removedAt: 1 }, expireAfterSeconds: retention.sessionsEndedMs / 1000 },
  ],
);
