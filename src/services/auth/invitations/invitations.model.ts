// Invitations to register: bound to an address, good once, with the roles their account begins with.
import { retention } from '#config/retention.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** One invitation. Holds no secret: its token is derived from MASTER_KEY and its id. */
export interface Invitation {
  readonly _id: string;
  readonly email: string;
  readonly roles: readonly string[];
  /** User id. */
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly acceptedAt?: Date;
  readonly revokedAt?: Date;
  readonly rev: number;
}

/** All invitations, ended ones for a while too. */
export const Invitations = defineCollection<Invitation>(
  'invitations',
  {
    email: String,
    roles: [String],
    invitedBy: String,
    createdAt: Date,
    expiresAt: Date,
    acceptedAt: Date,
    revokedAt: Date,
    rev: Number,
  },
  [{ key: { expiresAt: 1 }, expireAfterSeconds: retention.invitationsEndedMs / 1000 }],
);
