// Slows guessing down, and lets nobody keep somebody else out. Called by whatever checks a password: the API's login, the
// board's, and the change of a password.
import { loginTries } from '#config/auth.ts';
import { sourceOf } from './networks.ts';
import { countTry, takeBackTry, type Tried } from './tries.ts';

const { windowMs } = loginTries;

interface Names {
  readonly both: string;
  readonly address: string;
  readonly account: string;
}

function namesOf(ip: string, email: string): Names {
  const [source, account] = [sourceOf(ip), email.trim().toLowerCase()];
  return { both: `both ${source} ${account}`, address: `address ${source}`, account: `account ${account}` };
}

/** A try that is not looked at. */
export interface HeldUp {
  readonly retryAfterS: number;
  /** True for the first of this account in a window. */
  readonly first: boolean;
}

/** The counters that speak against a try. */
async function against(
  { both, address, account }: Readonly<Record<keyof Names, Tried>>,
  knows: () => Promise<boolean>,
): Promise<Tried[]> {
  if (both.count > loginTries.addressAndAccount) {
    return [both];
  }
  const besieged = account.count > loginTries.account && both.count > loginTries.whileBesieged;
  const crowded = address.count > loginTries.address;
  if (!(besieged || crowded) || (await knows())) {
    return [];
  }
  return [...(besieged ? [both] : []), ...(crowded ? [address] : [])];
}

/**
 * Counts a try before its password is looked at, so that many at once are not more than one after another. Null where it
 * may be looked at. One address gets a few tries at one account, and some more at all accounts. An account that is tried
 * from everywhere gives each address fewer, but never none, so that a stranger cannot keep its owner out; and a device
 * that `knows` says was logged in before feels only its own tries.
 */
export async function holdUpLogin(ip: string, email: string, knows: () => Promise<boolean>): Promise<HeldUp | null> {
  const names = namesOf(ip, email);
  const [both, address, account] = await Promise.all([
    countTry(names.both, windowMs),
    countTry(names.address, windowMs),
    countTry(names.account, windowMs),
  ]);
  const speaking = await against({ both, address, account }, knows);
  if (speaking.length === 0) {
    return null;
  }
  const told = await countTry(`told ${names.account}`, windowMs);
  const msLeft = Math.max(...speaking.map((each) => each.msLeft));
  return { retryAfterS: Math.min(Math.max(Math.ceil(msLeft / 1_000), 1), windowMs / 1_000), first: told.count === 1 };
}

/** The try was right: it is not counted. */
export async function loginSucceeded(ip: string, email: string): Promise<void> {
  await Promise.all(Object.values(namesOf(ip, email)).map(async (name) => await takeBackTry(name, windowMs)));
}
