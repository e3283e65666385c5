// The way through a login with a second factor, and through a step-up: which proofs there are, in which order they are
// used up, and what each is worth.
import { verifyPassword } from '#src/platform/auth/passwords.ts';
import { markProved } from '#src/platform/auth/sessions.ts';
import { openTicket, takeTicket, tryTicket } from '#src/platform/auth/tickets.ts';
import { countTry, takeBackTry } from '#src/platform/auth/tries.ts';
import type { Submit } from '#src/platform/commands/submit.ts';
import { problems } from '#src/platform/errors.ts';
import { newId } from '#src/platform/ids.ts';
import type { RouteRequest } from '#src/platform/http/route.ts';
import { findAccount, findCredentialOf, type AccountView } from '#src/services/user/index.ts';
import type { z } from 'zod';
import { factorRules, loginTries } from '#config/auth.ts';
import { checkPassword } from '../auth.queries.ts';
import { actOf } from '../auth.workflow.ts';
import type { Act } from '../auth.schema.ts';
import type { LoggedIn } from '../sessions/sessions.schema.ts';
import { begin } from '../sessions/sessions.workflow.ts';
import { passAssertion } from '../passkeys/passkeys.workflow.ts';
import { useCode, type Checked } from './factors.commands.ts';
import { factorProblems } from './factors.errors.ts';
import { isOn } from './factors.policy.ts';
import { findFactors } from './factors.queries.ts';
import type { loginMfa, LoginAnswer, stepUp } from './factors.schema.ts';

type Request = Pick<RouteRequest<unknown, unknown, unknown>, 'ip' | 'header' | 'submit' | 'caller'>;

const challenge = { headers: { 'WWW-Authenticate': 'Bearer' } };

/** Who the caller of a route is, for its commands. Errors: `auth.unauthenticated` where the account is gone. */
export async function ownAct(request: Request): Promise<Act> {
  return actOf(await ownAccount(request), request, request.caller.sessionId);
}

async function ownAccount({ caller }: Request): Promise<AccountView> {
  const account = await findAccount(caller.userId);
  if (!account) {
    throw problems.unauthenticated(undefined, challenge);
  }
  return account;
}

/** One proof of an account was right: tokens, or, where an authenticator app is on, a ticket that waits for its code. */
export async function beginOrAsk(
  account: AccountView,
  request: Pick<Request, 'ip' | 'header' | 'submit'>,
): Promise<LoginAnswer> {
  const factors = await findFactors(account.id);
  if (!isOn(factors)) {
    return await begin(account, request);
  }
  const left = factors?.backupCodes.some(({ usedAt }) => !usedAt) ?? false;
  const mfaToken = await openTicket('mfa', { userId: account.id, sessionId: '' });
  return { mfaRequired: true, mfaToken, methods: left ? ['totp', 'backup-code'] : ['totp'] };
}

/**
 * Completes a login with its second factor. The code is used up first and the ticket last, so that neither opens two
 * sessions. Errors: `auth.mfa-refused` (whatever was wrong), `auth.too-many-codes`.
 */
export async function completeLogin(given: z.output<typeof loginMfa>, request: Request): Promise<LoggedIn> {
  const ticket = await tryTicket('mfa', given.mfaToken);
  const account = ticket && (await findAccount(ticket.userId));
  if (!account) {
    throw factorProblems.mfaRefused(undefined, challenge);
  }
  const { method, code } = given;
  const { body } = await request.submit(useCode, { act: actOf(account, request), method, code });
  if (!(body as Checked).right || !(await takeTicket('mfa', given.mfaToken))) {
    throw factorProblems.mfaRefused(undefined, challenge);
  }
  return await begin(account, request);
}

async function checkOwnPassword(account: AccountView, password: string, request: Request): Promise<boolean> {
  if (isOn(await findFactors(account.id))) {
    throw factorProblems.passwordNotEnough();
  }
  // Counted by session: whoever guesses here has one, and must not keep its owner from logging in.
  const counted = `step-up ${request.caller.sessionId}`;
  const { count, msLeft } = await countTry(counted, loginTries.windowMs);
  if (count > loginTries.addressAndAccount) {
    throw factorProblems.tooManyCodes(undefined, {
      extensions: { retryAfterS: Math.max(Math.ceil(msLeft / 1_000), 1) },
    });
  }
  const right = await verifyPassword((await findCredentialOf(account.id))?.passwordHash, password);
  if (right) {
    await takeBackTry(counted, loginTries.windowMs);
  }
  return right;
}

/**
 * Marks the caller's session as proved again and tells until when. Errors: `auth.step-up-refused`,
 * `auth.password-not-enough`, `auth.too-many-codes`.
 */
export async function stepUpWith(given: z.output<typeof stepUp>, request: Request): Promise<{ until: string }> {
  const account = await ownAccount(request);
  const { sessionId } = request.caller;
  if (!(await proves(given, account, request))) {
    throw factorProblems.stepUpRefused(undefined, challenge);
  }
  await markProved(sessionId);
  return { until: new Date(Date.now() + factorRules.stepUpMs).toISOString() };
}

async function proves(given: z.output<typeof stepUp>, account: AccountView, request: Request): Promise<boolean> {
  if (given.method === 'password') {
    return await checkOwnPassword(account, given.password, request);
  }
  const { sessionId } = request.caller;
  if (given.method === 'passkey') {
    const passed = await passAssertion('passkey-step-up', given.response, request);
    return passed?.ticket.sessionId === sessionId && passed.userId === account.id;
  }
  const act = actOf(account, request, sessionId);
  const { body } = await request.submit(useCode, { act, method: given.method, code: given.code });
  return (body as Checked).right;
}

/** Where a browser logs into the admin pages from, with the code it gave or none. */
interface BoardPeer {
  readonly ip: string;
  readonly userAgent: string;
  readonly code: string;
}

/**
 * The check of the admin pages' login: a password alone is not enough where a second factor is on.
 * Errors: `auth.code-needed`, `auth.too-many-codes`, and those of `checkPassword`.
 */
export function boardLogin(submit: Submit) {
  return async (email: string, password: string, peer: BoardPeer): Promise<AccountView | null> => {
    const account = await checkPassword(email, password, peer);
    if (!account || !isOn(await findFactors(account.id))) {
      return account;
    }
    const { code, ip } = peer;
    const header = (name: string): string | undefined => (name === 'user-agent' ? peer.userAgent : undefined);
    const context = { caller: { userId: account.id }, requestId: newId(), traceparent: undefined, header };
    const method = /^\d{6}$/u.test(code) ? ('totp' as const) : ('backup-code' as const);
    const used = code !== '' && (await submit(context, useCode, { act: actOf(account, { ip, header }), method, code }));
    if (!used || !(used.body as Checked).right) {
      throw factorProblems.codeNeeded('Give the code of your authenticator app, or a backup code');
    }
    return account;
  };
}
