// Collections of webhooks: endpoints, and which of them are gone.
import { Work } from '#src/platform/commands/work.ts';
import { defineCollection, defineIndex } from '#src/platform/mongo/collection.ts';

/** The kind of the effect that delivers a message. */
export const deliverKind = 'state-machine.webhook.deliver';

/** Where messages go. A removed one keeps its row for a while, without its secret. */
export interface WebhookEndpoint {
  /** Its name. */
  readonly _id: string;
  readonly url: string;
  readonly enabled: boolean;
  /** Sealed under a key of MASTER_KEY, bound to its name. Empty where it was removed. */
  readonly sealedSecret: string;
  /** The secret of before, sealed, and until when messages are signed with it, too. */
  readonly oldSecret?: string;
  readonly oldUntil?: Date;
  /** Grows with every new secret. */
  readonly secretVersion: number;
  readonly savedBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly removedAt: Date | null;
  readonly expireAt?: Date;
  readonly rev: number;
}

/** Endpoints by name. */
export const WebhookEndpoints = defineCollection<WebhookEndpoint>(
  'webhook_endpoints',
  {
    url: String,
    enabled: Boolean,
    sealedSecret: String,
    oldSecret: String,
    oldUntil: Date,
    secretVersion: Number,
    savedBy: String,
    createdAt: Date,
    updatedAt: Date,
    removedAt: Date,
    expireAt: Date,
    rev: Number,
  },
  [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }],
);

/** An endpoint that answered 410: it gets nothing more at this revision. Written by ends of deliveries alone. */
export interface WebhookGone {
  /** The endpoint's name. */
  readonly _id: string;
  readonly rev: number;
  readonly at: Date;
}

/** Endpoints that are gone, by name. */
export const WebhooksGone = defineCollection<WebhookGone>('webhooks_gone', { rev: Number, at: Date });

// What was delivered to an endpoint is found in the work rows themselves.
defineIndex(Work, {
  key: { 'input.endpoint': 1, _id: -1 },
  partialFilterExpression: { kind: deliverKind },
});
