// No request hangs: whatever does not come to an end is answered 503. In the chain of app.ts.
import type { Context, Next } from 'koa';
import { limits } from '#config/limits.ts';
import { unavailable } from '../errors.ts';
import { headerOf } from './request-id.ts';

/** Ends the wait for whatever hangs with 503. What was accepted is done all the same: the same key finds it. */
export async function answerInTime(ctx: Context, next: Next): Promise<void> {
  const asked = headerOf(ctx, 'prefer') === undefined ? 0 : limits.waitMaxMs;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const allow = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(unavailable(undefined)), limits.answerMs + ms);
    };
    ctx.state['allowMs'] = allow;
    allow(asked);
  });
  try {
    await Promise.race([next(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Gives this request `ms` from now, beside the time every answer has. For bodies that take their time. */
export function allowLonger(ctx: Context, ms: number): void {
  (ctx.state['allowMs'] as (ms: number) => void)(ms);
}
