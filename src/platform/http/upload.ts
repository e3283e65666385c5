// Bodies that are read as they come and never held whole: for routes that say which media types they accept. Stands
// before the handler of these routes.
import type { Readable } from 'node:stream';
import type { Context, Middleware, Next } from 'koa';
import { limits } from '#config/limits.ts';
import { problems } from '../errors.ts';
import { within } from '../mongo/deadline.ts';
import { allowLonger } from './answer-in-time.ts';

/** A body on its way. */
export interface Upload {
  /** Its media type, without parameters, in lower case. */
  readonly type: string;
  /**
   * Its bytes, once. Reading throws request.too-large, request.timeout, and request.malformed for a body that was cut off.
   */
  readonly bytes: AsyncIterable<Buffer>;
}

/** How much and how long a body may be. */
export interface UploadLimits {
  readonly bytes: number;
  readonly totalMs: number;
  readonly idleMs: number;
}

const most: UploadLimits = { bytes: limits.importBytes, totalMs: limits.uploadMs, idleMs: limits.uploadIdleMs };

function tooLarge(bytes: number) {
  return problems.tooLarge(`The body may have ${bytes} bytes`);
}

/** The bytes of a body as they come; see Upload. */
export async function* bytesOf(request: Readable, { bytes, totalMs, idleMs }: UploadLimits): AsyncGenerator<Buffer> {
  // Whoever stops reading must still be able to answer: the socket stays, and what comes is let go.
  const source = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const end = Date.now() + totalMs;
  try {
    for (let size = 0; ;) {
      const next = source.next().catch((cause: unknown) => {
        throw problems.malformed('The body was cut off', { cause });
      });
      const waitMs = Math.min(idleMs, Math.max(end - Date.now(), 1));
      const read = await within(next, waitMs, () => problems.timeout());
      if (read.done) {
        return;
      }
      size += read.value.length;
      if (size > bytes) {
        throw tooLarge(bytes);
      }
      yield read.value;
    }
  } finally {
    void source.return?.();
    request.resume();
  }
}

/** Lets bodies of these types in as `upload`. Errors: request.unsupported-media-type, request.too-large. */
export function admitUpload(types: readonly string[]): Middleware {
  return async (ctx: Context, next: Next) => {
    const { headers } = ctx.req;
    const [type = '', ...parameters] = (headers['content-type'] ?? '')
      .split(';')
      .map((part) => part.trim().toLowerCase());
    const charset = parameters.find((parameter) => parameter.startsWith('charset='));
    if (!types.includes(type) || (charset !== undefined && !/^charset="?utf-?8"?$/u.test(charset))) {
      throw problems.unsupportedMedia(`The body must be ${types.join(' or ')}, in UTF-8`);
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw problems.unsupportedMedia('Send the body as it is, without Content-Encoding');
    }
    if (Number(headers['content-length']) > most.bytes) {
      throw tooLarge(most.bytes);
    }
    allowLonger(ctx, most.totalMs);
    ctx.state['upload'] = { type, bytes: bytesOf(ctx.req, most) } satisfies Upload;
    await next();
  };
}
