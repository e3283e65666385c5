// Tickets: things that were begun and can be completed once, within minutes: a login that waits for its second factor, a
// challenge that a passkey signs, a login at another provider. Kept in MongoDB by digest, like sessions, so that any
// node completes what another began. Called by the auth service.
import { randomBytes } from 'node:crypto';
import { factorRules } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { sha256 } from '../ids.ts';
import { defineCollection } from '../mongo/collection.ts';
import { duplicateIn } from '../mongo/transaction.ts';

/** What a ticket is for: none is good in another's place. */
export type TicketKind = 'mfa' | 'passkey-add' | 'passkey-login' | 'passkey-step-up' | 'oidc-used';

interface TicketRow {
  /** Digest of its kind and its secret. */
  readonly _id: string;
  /** Whose it is; empty where nobody is known yet. */
  readonly userId: string;
  /** The session it belongs to; empty where there is none yet. */
  readonly sessionId: string;
  readonly tries: number;
  readonly expiresAt: Date;
}

const Tickets = defineCollection<TicketRow>(
  'tickets',
  { userId: String, sessionId: String, tries: Number, expiresAt: Date },
  [{ key: { expiresAt: 1 }, expireAfterSeconds: 0 }],
);

/** Who a ticket belongs to. */
export type TicketOwner = Pick<TicketRow, 'userId' | 'sessionId'>;

const durable = { writeConcern: { w: 'majority' as const, journal: true }, maxTimeMS: limits.mongoMs };
const idOf = (kind: TicketKind, token: string): string => sha256(`${kind} ${token}`);
const nobody: TicketOwner = { userId: '', sessionId: '' };

/** Begins something; gives the secret that completes it: 256 random bits in base64url, kept nowhere. */
export async function openTicket(kind: TicketKind, owner: TicketOwner = nobody): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(Date.now() + factorRules.ticketMs);
  await Tickets.native().insertOne({ _id: idOf(kind, token), ...owner, tries: 0, expiresAt }, durable);
  return token;
}

/** Counts a try. Whose the ticket is, or null where it is not good, or was tried too often. */
export async function tryTicket(kind: TicketKind, token: string): Promise<TicketOwner | null> {
  return await Tickets.native().findOneAndUpdate(
    { _id: idOf(kind, token), expiresAt: { $gt: new Date() }, tries: { $lt: factorRules.ticketTries } },
    { $inc: { tries: 1 } },
    durable,
  );
}

/** Takes a ticket: of many at once one gets it. Null where it is not good, or was taken. */
export async function takeTicket(kind: TicketKind, token: string): Promise<TicketOwner | null> {
  return await Tickets.native().findOneAndDelete({ _id: idOf(kind, token), expiresAt: { $gt: new Date() } }, durable);
}

/** For things that carry their own state and end: true the first time, false whenever it comes again. */
export async function spendOnce(kind: TicketKind, token: string, expiresAt: Date): Promise<boolean> {
  try {
    await Tickets.native().insertOne({ _id: idOf(kind, token), ...nobody, tries: 0, expiresAt }, durable);
    return true;
  } catch (error) {
    if (duplicateIn(error) === Tickets.name) {
      return false;
    }
    throw error;
  }
}
