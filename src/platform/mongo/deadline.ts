// A deadline on what is asked of MongoDB. The driver can wait for ever: where a connection breaks between the making of
// a command and its writing, it waits for the drain of a socket that is gone (mongodb 7.8, Connection.writeCommand).
// Called where one such wait would stop everybody: accepting, waiting, owning.
import { mongo } from 'mongoose';

/** Longer than the driver's own search for a server and a retry, so that it fires only where the driver will not. */
const givesUpMs = 8_000;

/**
 * The operation's outcome; when there is none in time, a passing fault (isTransient) or what `late` makes. Nothing is
 * known then: the operation may still be done.
 */
export async function within<T>(operation: Promise<T>, ms = givesUpMs, late?: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(late?.() ?? new mongo.MongoNetworkTimeoutError(`MongoDB gave no answer within ${ms} ms`)),
      ms,
    );
  });
  try {
    return await Promise.race([operation, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
