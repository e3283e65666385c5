// Reads JSON bodies, and nothing else. Stands before the handler of every route that has a body.
import { bodyParser } from '@koa/bodyparser';
import type { Context, Next } from 'koa';
import { limits } from '#config/limits.ts';
import { problems } from '../errors.ts';
import { isStorable } from '../mongo/storable.ts';

/** The readers' errors carry a status; their text may quote the body, so it is not passed on. */
function refuse(error: Error & { status?: number }): never {
  if (error.status === 413) {
    throw problems.tooLarge(`The body may have ${limits.bodyBytes} bytes`);
  }
  if (error.status === 415) {
    throw problems.unsupportedMedia('Send the body as it is, or with Content-Encoding gzip, deflate or br');
  }
  if (error.message.includes('forbidden prototype property')) {
    throw problems.malformed('A name such as __proto__ cannot be kept');
  }
  throw error.status === 400 ? problems.malformed('The body is not a JSON object or array, or was cut off') : error;
}

const parse = bodyParser({
  enableTypes: ['json'],
  jsonLimit: limits.bodyBytes,
  jsonStrict: true,
  encoding: 'utf-8',
  parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  onError: refuse,
});

const json = /^application\/json(?:;\s*charset="?utf-8"?)?;?$/iu;

/**
 * Leaves the parsed body in `ctx.request.body`; undefined where the request has none. Errors: `request.malformed`,
 * `request.unsupported-media-type`, `request.too-large`.
 */
export async function readBody(ctx: Context, next: Next): Promise<void> {
  const { headers } = ctx.req;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) {
    await next();
    return;
  }
  if (!json.test(headers['content-type'] ?? '')) {
    throw problems.unsupportedMedia();
  }
  if (Number(length) > limits.bodyBytes) {
    throw problems.tooLarge(`The body may have ${limits.bodyBytes} bytes`);
  }
  await parse(ctx, async () => {
    if (!isStorable(ctx.request.body)) {
      throw problems.malformed(`The body is nested deeper than ${limits.bodyDepth}, or a name in it cannot be kept`);
    }
    await next();
  });
}
