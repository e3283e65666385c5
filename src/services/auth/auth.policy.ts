// Who may register, and the tokens that mails hold. No I/O.
import type { AppError } from '#src/platform/errors.ts';
import type { Credential } from '#src/services/user/index.ts';
import type { OneTimeToken, TokenKind } from './auth.model.ts';
import { authProblems } from './auth.errors.ts';
import { config, type Config } from '#config/env.ts';
import { linkPaths } from '#config/auth.ts';
import { mac } from '#src/platform/secrets.ts';
import { timingSafeEqual } from 'node:crypto';

/** Why nobody can register in this mode, with an invitation or without, or null where they can. */
export function registrationRefusal(mode: Config['registration'], invited: boolean): AppError | null {
  if (mode === 'closed') {
    return authProblems.registrationClosed();
  }
  return mode === 'open' || invited ? null : authProblems.invitationNeeded();
}

/** What a mailed token opens: one of the kinds of rows, or an invitation. */
type Opens = TokenKind | 'invitation';

/** The token of a row, as it stands in a mail and comes back in a body. */
export function tokenOf(opens: Opens, id: string): string {
  return `${id}.${mac('one-time-token', `${opens}.${id}`)}`;
}

/** The id of the row that a token opens, or null where it was never given for this. */
export function idOfToken(opens: Opens, token: string): string | null {
  const [id = ''] = token.split('.');
  const expected = Buffer.from(tokenOf(opens, id));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected) ? id : null;
}

const pages: Readonly<Record<Opens, string>> = {
  'password-reset': linkPaths.passwordReset,
  'email-verify': linkPaths.emailVerify,
  'email-change': linkPaths.emailChange,
  invitation: linkPaths.invitation,
};

/** The lines of a mail that hold the link and, for apps without that page, the token alone. */
export function linkLines(opens: Opens, id: string): string {
  const token = tokenOf(opens, id);
  const base = (config.publicUrl ?? `http://localhost:${config.port}`).replace(/\/+$/u, '');
  return `${base}${pages[opens]}#token=${token}\n\nIf your app asks for a code instead, it is:\n${token}`;
}

/** True where a token of the kind may be used for this account now. */
export function isGood(
  token: OneTimeToken | null,
  kind: TokenKind,
  credential: Credential | null,
  now: Date,
): token is OneTimeToken {
  return (
    token?.kind === kind &&
    token.usedAt === undefined &&
    token.expiresAt > now &&
    credential?.email === token.accountEmail &&
    (credential.passwordChangedAt === undefined || credential.passwordChangedAt < token.createdAt)
  );
}
