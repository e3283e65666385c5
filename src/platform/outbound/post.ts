// A request to an address that somebody gave: nothing of this machine or its network can be reached by it. Names are
// judged by what they stand for at the moment of connecting, so that a name which changes its mind gains nothing.
import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { faultOfUrl, hostOf } from './addresses.ts';

/** Of an answer, so many bytes are taken in at most and for so long; nothing of it is looked at. */
const answerBytes = 64 * 1024;
const answerMs = 2_000;

/** The other side answered. */
export interface PostAnswer {
  readonly status: number;
  /** Milliseconds after which it wants to hear again, where it said so with 408, 425, 429 or 503. */
  readonly retryAfterMs?: number;
}

/** The address may not be called. Its message names neither addresses nor names that were looked up. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** What to post and where. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Hosts the operator lets be private, as the URL names them. */
  readonly allowed: readonly string[];
  /** How names are looked up; by the system where it is left out. */
  readonly lookup?: RequestOptions['lookup'];
}

/**
 * Posts and answers with the status. Follows no redirect, shows no environment's proxy, keeps no connection, and reads at
 * most 64 KB of the answer. @throws AddressRefused; whatever connecting throws
 */
export async function post({ url: text, headers, body, signal, allowed, lookup }: Post): Promise<PostAnswer> {
  const fault = faultOfUrl(text, allowed);
  if (fault !== null) {
    throw new AddressRefused(`The address ${fault}`);
  }
  const url = new URL(text);
  const guard = { keepAlive: false, allowPrivateIPAddress: allowed.includes(hostOf(url)), ...(lookup && { lookup }) };
  const secure = url.protocol === 'https:';
  const agent = secure ? new RequestFilteringHttpsAgent(guard) : new RequestFilteringHttpAgent(guard);
  const options: RequestOptions = {
    method: 'POST',
    agent,
    signal,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (secure ? secureRequest : plainRequest)(url, options, resolve);
    request.on('error', (error) => reject(refusalOf(error)));
    request.end(body);
  });
  const status = response.statusCode ?? 0;
  await drain(response);
  const retryAfterMs = waitOf(response.headers['retry-after'], new Date());
  return { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** The filter has no class of errors: it says so in words. */
function refusalOf(error: Error): Error {
  return error.message.startsWith('DNS lookup ')
    ? new AddressRefused('The address leads to a private network', { cause: error })
    : error;
}

/** Lets the other side finish its answer, within bounds. How that ends changes nothing: the status is known. */
async function drain(response: IncomingMessage): Promise<void> {
  const late = setTimeout(() => response.destroy(), answerMs);
  let read = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      read += chunk.length;
      if (read > answerBytes) {
        break;
      }
    }
  } catch {
    // It was cut off.
  } finally {
    clearTimeout(late);
    response.destroy();
  }
}

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds: seconds, or a date. Undefined for anything else. */
export function waitOf(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) {
    return undefined;
  }
  const text = header.trim();
  if (/^\d{1,9}$/u.test(text)) {
    return Number(text) * 1_000;
  }
  const at = /^[A-Z][a-z]{2}, /u.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(at - now.getTime(), 0);
}
