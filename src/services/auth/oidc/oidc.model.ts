// Logins of other providers that open accounts here.
import { retention } from '#config/retention.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** One person at one provider. */
export interface Identity {
  /** SHA-256 of issuer and subject: the two that never change (OpenID Connect Core, 5.7). */
  readonly _id: string;
  readonly userId: string;
  readonly provider: string;
  readonly linkedAt: Date;
  readonly removedAt?: Date;
  readonly rev: number;
}

/** All linked logins. */
export const Identities = defineCollection<Identity>(
  'oidc_identities',
  { userId: String, provider: String, linkedAt: Date, removedAt: Date, rev: Number },
  [
    { key: { userId: 1, provider: 1 } },
    { key: { removedAt: 1 }, expireAfterSeconds: retention.sessionsEndedMs / 1_000 },
  ],
);
