// What a link in a mail opens, once. A row holds no secret: the token's is derived from MASTER_KEY and the row's id, so
// that the mail's row can do with the id too.
import { insert, put, type State, type Write } from '#src/platform/commands/command.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** What a token is good for. */
export type TokenKind = 'password-reset' | 'email-verify' | 'email-change';

/** One token that was mailed. */
export interface OneTimeToken {
  readonly _id: string;
  readonly kind: TokenKind;
  readonly userId: string;
  /** The account's address when it was made: for another one it is void. */
  readonly accountEmail: string;
  /** The address it was mailed to, which it proves. */
  readonly email: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt?: Date;
  readonly rev: number;
}

/** All tokens that have not expired. */
export const OneTimeTokens = defineCollection<OneTimeToken>(
  'one_time_tokens',
  {
    kind: String,
    userId: String,
    accountEmail: String,
    email: String,
    createdAt: Date,
    expiresAt: Date,
    usedAt: Date,
    rev: Number,
  },
  [{ key: { userId: 1 } }, { key: { expiresAt: 1 }, expireAfterSeconds: 0 }],
);

/** The write of a new token. */
export function newOneTimeToken(token: Omit<OneTimeToken, 'expiresAt' | 'rev'>, lifetimeMs: number): Write {
  const row: OneTimeToken = { ...token, expiresAt: new Date(token.createdAt.getTime() + lifetimeMs), rev: 0 };
  return insert(OneTimeTokens, row);
}

/** The write that uses a token up; two at once are one, because both change the same revision. */
export function usedUp(state: State, id: string, now: Date): Write {
  const token = state.get(OneTimeTokens, id);
  if (!token) {
    throw new Error(`There is no token ${id} to use up`);
  }
  return put(OneTimeTokens, { ...token, usedAt: now, rev: token.rev + 1 });
}

// Areas of this service see each other through these files only.
export { recordSecurityEvent, securityEvent, type SecurityKind } from './security/security.model.ts';
