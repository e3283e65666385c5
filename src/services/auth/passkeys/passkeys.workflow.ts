// The ceremonies of WebAuthn: what an authenticator is asked, and whether what it answers is good.
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { factorRules } from '#config/auth.ts';
import { openTicket, takeTicket, type TicketKind, type TicketOwner } from '#src/platform/auth/tickets.ts';
import type { RouteRequest } from '#src/platform/http/route.ts';
import { findAccount, type AccountView } from '#src/services/user/index.ts';
import { actOf } from '../auth.workflow.ts';
import { usePasskey, type Used } from './passkeys.commands.ts';
import { passkeyProblems } from './passkeys.errors.ts';
import type { Passkey } from './passkeys.model.ts';
import { challengeIn, passkeyId, relyingParty, userHandleOf } from './passkeys.policy.ts';
import { findPasskey, passkeysOf } from './passkeys.queries.ts';
import type { Assertion, Attestation } from './passkeys.schema.ts';

type Request = Pick<RouteRequest<unknown, unknown, unknown>, 'ip' | 'header' | 'submit' | 'caller'>;

const rpName = 'SmartStart';

/** A challenge is the secret of a ticket: 256 random bits, kept by digest, good once. */
async function challengeFor(kind: TicketKind, owner?: TicketOwner): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(Buffer.from(await openTicket(kind, owner), 'base64url'));
}

/** Options for a new passkey of the account. */
export async function creationOptions(account: AccountView, sessionId: string): Promise<object> {
  const known = await passkeysOf(account.id);
  return await generateRegistrationOptions({
    rpName,
    rpID: relyingParty().id,
    userName: account.email,
    userDisplayName: account.name,
    userID: Uint8Array.from(Buffer.from(userHandleOf(account.id), 'base64url')),
    challenge: await challengeFor('passkey-add', { userId: account.id, sessionId }),
    timeout: factorRules.ticketMs,
    attestationType: 'none',
    excludeCredentials: known.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  });
}

/** What is kept of a new passkey. */
type NewPasskey = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'synced'>;

/** Judges a new passkey. Its challenge is used up, whatever comes of it. Errors: `auth.passkey-not-made`. */
export async function judgeAttestation(response: Attestation, owner: TicketOwner): Promise<NewPasskey> {
  const challenge = challengeIn(response.response.clientDataJSON);
  const ticket = challenge === null ? null : await takeTicket('passkey-add', challenge);
  if (challenge === null || ticket?.userId !== owner.userId || ticket.sessionId !== owner.sessionId) {
    throw passkeyProblems.notMade();
  }
  const { id, origin } = relyingParty();
  // What it refuses with tells of parsers and formats, which helps nobody who is honest.
  const verified = await verifyRegistrationResponse({
    response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    requireUserVerification: false,
  }).catch((cause: unknown) => {
    throw passkeyProblems.notMade(undefined, { cause });
  });
  if (!verified.verified) {
    throw passkeyProblems.notMade();
  }
  const { credential, credentialBackedUp } = verified.registrationInfo;
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: response.response.transports ?? [],
    synced: credentialBackedUp,
  };
}

/** Options that any passkey of this site can answer: they name nobody, so that they tell nothing about accounts. */
export async function requestOptions(kind: 'passkey-login' | 'passkey-step-up', owner?: TicketOwner): Promise<object> {
  return await generateAuthenticationOptions({
    rpID: relyingParty().id,
    challenge: await challengeFor(kind, owner),
    timeout: factorRules.ticketMs,
    userVerification: 'preferred',
  });
}

/** A passkey that signed a challenge of ours. */
export interface Passed {
  readonly userId: string;
  readonly account: AccountView;
  readonly ticket: TicketOwner;
  /** The authenticator checked who holds it (a finger, a PIN): two factors in one. */
  readonly userVerified: boolean;
}

async function userVerifiedIn(
  response: Assertion,
  passkey: Passkey,
  challenge: string,
): Promise<{ uv: boolean; counter: number } | null> {
  const { id, origin } = relyingParty();
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: response as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    credential: {
      id: passkey.credentialId,
      publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
      // The counter is looked at in the command, behind the signature and against the row as it is then.
      counter: 0,
    },
    requireUserVerification: false,
  }).catch(() => ({ verified: false as const, authenticationInfo: undefined }));
  return verified && authenticationInfo
    ? { uv: authenticationInfo.userVerified, counter: authenticationInfo.newCounter }
    : null;
}

/** Judges an answer to a challenge; the challenge is used up, whatever comes of it. Null where anything is wrong. */
export async function passAssertion(
  kind: 'passkey-login' | 'passkey-step-up',
  response: Assertion,
  request: Request,
): Promise<Passed | null> {
  const challenge = challengeIn(response.response.clientDataJSON);
  const ticket = challenge === null ? null : await takeTicket(kind, challenge);
  const passkey = ticket && (await findPasskey(passkeyId(response.id)));
  const account = passkey && (await findAccount(passkey.userId));
  const handle = response.response.userHandle;
  if (challenge === null || !account || (handle && handle !== userHandleOf(account.id))) {
    return null;
  }
  const signed = await userVerifiedIn(response, passkey, challenge);
  if (!signed) {
    return null;
  }
  const act = actOf(account, request, request.caller.sessionId);
  const { body } = await request.submit(usePasskey, { act, id: passkey._id, counter: signed.counter });
  return (body as Used).right ? { userId: account.id, account, ticket, userVerified: signed.uv } : null;
}
