// Lifetimes and costs of identity: tokens, sessions, passwords. Read by src/platform/auth and the auth service.
import { config } from './env.ts';

/** Access tokens (ES256 JWT). Changing issuer or audience makes every living token invalid. */
export const accessTokens = Object.freeze({
  lifetimeS: 600,
  /** Difference of clocks that is forgiven, in seconds. */
  toleranceS: 5,
  issuer: 'urn:smartstart-brain',
  audience: 'urn:smartstart-brain:api',
  /** Verified signatures one process remembers. */
  remembered: 10_000,
});

/** Sessions, in milliseconds. */
export const sessionTimes = Object.freeze({
  idleMs: 7 * 86_400_000,
  absoluteMs: 30 * 86_400_000,
  /** How long a refresh token that was just exchanged still gets its successor: for requests of the same moment. */
  graceMs: 10_000,
  /** How often the use of a session is written down. */
  seenEveryMs: 60_000,
  /** How long Redis may say "lives" without asking MongoDB again. */
  cachedMs: 30_000,
  /** How long Redis says "over": longer than any answer "lives" that is still on its way. */
  tombstoneMs: 90_000,
});

/** How many sessions a user has at most, where the oldest goes; how many devices of a user are remembered. */
export const sessionCounts = Object.freeze({ most: 20, devices: 50 });

/**
 * Keys that access tokens are signed with, in milliseconds. Every process reads them again after `knownMs`, so a key is
 * published long enough before it signs; one that no longer signs is kept until its last token is over.
 */
export const signingKeys = Object.freeze({
  signsMs: 30 * 86_400_000,
  publishedAheadMs: 3_600_000,
  knownMs: 60_000,
  /** A token of an unknown key lets keys be read again, at most this often. */
  rereadMs: 1_000,
  /** Difference of clocks between processes that is forgiven beyond a token's lifetime. */
  overlapMs: 60_000,
});

/** Passwords: argon2id with the costs OWASP names, and how much hashing one process does at a time. */
export const passwordRules = Object.freeze({
  /** NIST SP 800-63B-4, 3.1.1.2: 15 where the password is all that is asked for, 8 beside a second factor. */
  minLength: config.passwordProfile === 'nist' ? 15 : 8,
  maxLength: 256,
  memoryKib: 19_456,
  passes: 2,
  lanes: 1,
  /** Hashes at the same time; the rest of the thread pool stays free for other work. */
  concurrency: 2,
  /** Hashes that may wait; more are answered 503. About a second of work. */
  waiting: 64,
  /** Fewer guesses than this and whoever knows its owner finds it: dates, runs, repeats, one's own name with a digit. */
  fewestGuesses: 1_000_000,
  /** Characters the guesses are counted over: counting takes a quadratic time. */
  estimatedLength: 64,
});

/**
 * What people may do, in milliseconds. `refreshMs`: a process looks that often at what was changed, so a change it did
 * not hear of counts after that time. `changedMs`: how long a change is remembered: longer than a session is cached.
 */
export const rightsTimes = Object.freeze({ refreshMs: 1_000, changedMs: 60_000 });
/** Words that whoever attacks this product tries first. */
export const productWords: readonly string[] = Object.freeze([
  'smartstart',
  'smartstartbrain',
  'startup',
  'umbrella',
  'owlet',
]);

/**
 * Tries to log in that one window of time allows: of one address at one account, of one address at all accounts, and of
 * all addresses at one account; beyond the last, each address has but `whileBesieged` of its own at it. A try that
 * succeeds is not counted.
 */
export const loginTries = Object.freeze({
  windowMs: 15 * 60_000,
  addressAndAccount: 5,
  address: 30,
  account: 50,
  whileBesieged: 2,
  /** Counters one process keeps of its own, for as long as Redis is away. */
  remembered: 10_000,
});

/** How long links in mails are good, in milliseconds. */
export const linkTimes = Object.freeze({
  passwordResetMs: 30 * 60_000,
  emailVerifyMs: 86_400_000,
  emailChangeMs: 86_400_000,
  invitationMs: 7 * 86_400_000,
});

/** Mails with links that one address is sent in one window, whoever asks for them. The links live as long. */
export const linkMails = Object.freeze({ windowMs: linkTimes.passwordResetMs, most: 5 });

/** Pages of the app that mails point to, below PUBLIC_URL; the token follows as `#token=`, which no server is sent. */
export const linkPaths = Object.freeze({
  passwordReset: '/reset-password',
  emailVerify: '/verify-email',
  emailChange: '/confirm-email',
  invitation: '/register',
});

/** Second factors, passkeys, logins of other providers and API keys. Times in milliseconds. */
export const factorRules = Object.freeze({
  /** How long a session may do sensitive things after its user proved to be there. */
  stepUpMs: 10 * 60_000,
  /** How long what was begun (a login that waits for its code, a challenge, a login elsewhere) can be completed. */
  ticketMs: 5 * 60_000,
  /** Codes that may be tried with one ticket. */
  ticketTries: 5,
  /** A code of an authenticator app is good for its own step, and this many before and after it. */
  totpStepS: 30,
  totpDrift: 1,
  /** Wrong codes of an app that one account may be given in a window; backup codes and passkeys go on working. */
  wrongCodes: 10,
  wrongCodesMs: 15 * 60_000,
  backupCodes: 10,
  passkeys: 20,
  apiKeys: 50,
  /** How often the use of an API key is written down. */
  keySeenEveryMs: 60_000,
  /** Calls to other providers: how long one may take, and how many bytes it may answer. */
  providerMs: 5_000,
  providerBytes: 256 * 1024,
});
