// Invitations to ventures: one row for each person and venture, however often they are asked.
import { defineCollection } from '#src/platform/mongo/collection.ts';
import type { Json } from '#src/platform/machines/json.ts';
import type { Trigger } from '#src/platform/machines/kernel.ts';
import type { VentureRole } from '../venture.model.ts';

/** The states of machines/venture-invitation.machine.ts. */
export const invitationStates = ['pending', 'accepted', 'declined', 'withdrawn', 'expired'] as const;

/** One invitation. */
export interface Invitation {
  /** `<venture>.<user>` */
  readonly _id: string;
  readonly ventureId: string;
  readonly userId: string;
  readonly role: VentureRole;
  readonly invitedBy: string;
  readonly note: string;
  readonly state: (typeof invitationStates)[number];
  /** What the kernel goes on from. */
  readonly snapshot: Json;
  /** When it expires by itself, while it is pending. Another round has another id. */
  readonly timer: { readonly id: string; readonly trigger: Trigger; readonly dueAt: Date } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly rev: number;
}

/** All invitations. */
export const Invitations = defineCollection<Invitation>(
  'venture_invitations',
  {
    ventureId: String,
    userId: String,
    role: String,
    invitedBy: String,
    note: String,
    state: String,
    snapshot: Object,
    timer: Object,
    createdAt: Date,
    updatedAt: Date,
    rev: Number,
  },
  [{ key: { userId: 1, state: 1, _id: 1 } }, { key: { ventureId: 1, state: 1, _id: 1 } }],
);

/** The id of somebody's invitation to a venture. */
export const invitationId = (ventureId: string, userId: string): string => `${ventureId}.${userId}`;
