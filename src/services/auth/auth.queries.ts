// What is looked at before anything is written: tokens of mails, passwords and whether they may be tried, and what
// somebody registers with. One way for the API's login, the board's and for confirming that it is oneself.
import { linkMails } from '#config/auth.ts';
import { config } from '#config/env.ts';
import { limits } from '#config/limits.ts';
import { holdUpLogin, loginSucceeded } from '#src/platform/auth/login-tries.ts';
import { homeOf } from '#src/platform/auth/networks.ts';
import { hashPassword, needsRehash, verifyPassword } from '#src/platform/auth/passwords.ts';
import { pastAddresses } from '#src/platform/auth/sessions.ts';
import { countTry } from '#src/platform/auth/tries.ts';
import { refuseWeakPassword } from '#src/platform/auth/weak-passwords.ts';
import type { Reader, State } from '#src/platform/commands/command.ts';
import { logFor } from '#src/platform/log.ts';
import {
  type AccountView,
  type Credential,
  credentialIn,
  findCredential,
  findCredentialOf,
  readUsers,
} from '#src/services/user/index.ts';
import { authProblems } from './auth.errors.ts';
import { type OneTimeToken, OneTimeTokens, type TokenKind, recordSecurityEvent } from './auth.model.ts';
import { isGood, registrationRefusal } from './auth.policy.ts';
import type { RegistrationInput } from './auth.schema.ts';
import { findInvitation } from './invitations/invitations.queries.ts';

/** A token with the account it is of. */
interface GoodToken {
  readonly token: OneTimeToken;
  readonly credential: Credential;
}

/** A token that is good now, with its account, or null. The command that uses it looks again. */
export async function findToken(id: string, kind: TokenKind): Promise<GoodToken | null> {
  const token = await OneTimeTokens.native().findOne({ _id: id }, { maxTimeMS: limits.mongoMs });
  const credential = token && (await findCredentialOf(token.userId));
  return credential && isGood(token, kind, credential, new Date()) ? { token, credential } : null;
}

/**
 * False where the address was sent as many mails with links as it may be in this window, whoever asked. Those it was sent
 * are good for as long, so nobody is kept from theirs.
 */
export async function mayMailLinkTo(email: string): Promise<boolean> {
  return (await countTry(`mail ${email}`, linkMails.windowMs)).count <= linkMails.most;
}

/** Reads tokens with their accounts into a command's state. */
export async function readTokens(reader: Reader, ids: readonly string[]): Promise<void> {
  const tokens = await reader.read(OneTimeTokens, ids);
  await readUsers(
    reader,
    tokens.flatMap((token) => (token ? [token.userId] : [])),
  );
}

/** A token that `readTokens` read, with its account; null where it is not good now. */
export function goodToken(state: State, id: string, kind: TokenKind, now: Date): GoodToken | null {
  const token = state.get(OneTimeTokens, id);
  const credential = token && credentialIn(state, token.userId);
  return credential && isGood(token, kind, credential, now) ? { token, credential } : null;
}

/** Where a password comes from. */
interface Peer {
  readonly ip: string;
  readonly userAgent: string;
}

/** The peer of a request, as security events keep it. */
export function peerOf(request: { readonly ip: string; header(name: string): string | undefined }): Peer {
  return { ip: request.ip.slice(0, 64), userAgent: (request.header('user-agent') ?? '').slice(0, 256) };
}

/** Counts a try before the password is looked at. Errors: auth.too-many-tries. */
async function mayTry(email: string, userId: string | undefined, { ip, userAgent }: Peer): Promise<void> {
  // Nobody's addresses are asked for too: an account is not to be told by the work it makes.
  const held = await holdUpLogin(ip, email, async () =>
    (await pastAddresses(userId ?? 'nobody')).some((past) => homeOf(past) === homeOf(ip)),
  );
  if (!held) {
    return;
  }
  if (held.first && userId !== undefined) {
    await recordSecurityEvent({ userId, kind: 'login.held-up', at: new Date(), ip, userAgent });
  }
  const detail = `Too many tries. Wait ${Math.ceil(held.retryAfterS / 60)} minutes and try again`;
  throw authProblems.tooManyTries(detail, { headers: { 'Retry-After': String(held.retryAfterS) } });
}

/**
 * The account an e-mail address and a password open, with the hash they were checked with, or null. Does the same work
 * whether or not there is such an account. Errors: auth.too-many-tries, server.unavailable when too many wait;
 * auth.account-suspended, for the right password alone.
 */
export async function checkPassword(
  email: string,
  password: string,
  peer: Peer,
): Promise<(AccountView & { readonly passwordHash: string }) | null> {
  const credential = await findCredential(email);
  await mayTry(email, credential?.account.id, peer);
  const passwordHash = credential?.passwordHash;
  const right = await verifyPassword(passwordHash, password);
  if (!right || passwordHash === undefined || !credential) {
    return null;
  }
  await loginSucceeded(peer.ip, email);
  if (!credential.active) {
    throw authProblems.accountSuspended();
  }
  return { ...credential.account, passwordHash };
}

const log = logFor('auth');

/** What `rehashPassword` needs where a hash was made at other costs than those of now, or null. */
export async function renewHash(
  account: { readonly id: string; readonly passwordHash: string },
  password: string,
): Promise<{ readonly userId: string; readonly from: string; readonly to: string } | null> {
  const { id: userId, passwordHash: from } = account;
  if (!needsRehash(from)) {
    return null;
  }
  try {
    return { userId, from, to: await hashPassword(password) };
  } catch (error) {
    // The login goes on; the next one tries again.
    log.warn({ reason: String(error) }, 'A password could not be hashed anew');
    return null;
  }
}

/**
 * The credential of a caller who gave their current password again.
 * Errors: auth.wrong-password, auth.too-many-tries, server.unavailable when too many wait.
 */
export async function confirmOwnPassword(
  userId: string,
  password: string,
  request: Parameters<typeof peerOf>[0],
): Promise<Credential & { readonly passwordHash: string }> {
  const credential = await findCredentialOf(userId);
  const passwordHash = credential?.passwordHash;
  if (!credential || passwordHash === undefined) {
    throw authProblems.wrongPassword('This account has no password yet; set one with POST /api/auth/password/forgot');
  }
  const peer = peerOf(request);
  await mayTry(credential.email, userId, peer);
  if (!(await verifyPassword(passwordHash, password))) {
    throw authProblems.wrongPassword();
  }
  await loginSucceeded(peer.ip, credential.email);
  return { ...credential, passwordHash };
}

/**
 * The input of `registerAccount` for a request: the cheap noes first, the hash last.
 * Errors: auth.registration-closed, auth.invitation-needed, auth.invitation-refused, auth.weak-password.
 */
export async function prepareRegistration(asked: {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly inviteToken?: string | undefined;
}): Promise<RegistrationInput> {
  const { email, name, password, inviteToken } = asked;
  const refusal = registrationRefusal(config.registration, inviteToken !== undefined);
  if (refusal) {
    throw refusal;
  }
  const invitation = inviteToken === undefined ? null : await findInvitation(inviteToken, email);
  if (inviteToken !== undefined && !invitation) {
    throw authProblems.invitationRefused();
  }
  await refuseWeakPassword(password, [email, name], '/body/password');
  const passwordHash = await hashPassword(password);
  return { email, name, passwordHash, ...(invitation ? { invitationId: invitation._id } : {}) };
}
