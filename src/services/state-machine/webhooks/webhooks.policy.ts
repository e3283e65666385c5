// How messages look and what answers mean: the scheme of Standard Webhooks (standardwebhooks.com), pure but for random
// bytes.
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { RetryableError, TerminalError } from '#src/platform/effects/effect.ts';
import { madeAt } from '#src/platform/ids.ts';
import type { PostAnswer } from '#src/platform/outbound/post.ts';
import { seal, unseal } from '#src/platform/secrets.ts';
import type { WebhookEndpoint, WebhookGone } from './webhooks.model.ts';
import type { DeliverInput } from './webhooks.schema.ts';

const purpose = 'webhook';

/** The most endpoints there may be. */
export const maxEndpoints = 100;

/** A new secret of 256 random bits, sealed: it opens for the endpoint of this name only. */
export function newSealedSecret(name: string): string {
  return seal(purpose, `whsec_${randomBytes(32).toString('base64')}`, name);
}

/** How long messages are signed with the secret of before, too, so that no receiver has to change at the same moment. */
export const bothSecretsMs = 86_400_000;

/** The secret of an endpoint. Throws where it was sealed under another MASTER_KEY. */
export function secretOf({ _id, sealedSecret }: Pick<WebhookEndpoint, '_id' | 'sealedSecret'>): string {
  const secret = unseal(purpose, sealedSecret, _id);
  if (secret === null) {
    throw new TerminalError(`The secret of the endpoint ${_id} does not open with this MASTER_KEY`);
  }
  return secret;
}

/** The secrets messages are signed with now: the newest, and for a while the one before. */
export function secretsOf(
  endpoint: Pick<WebhookEndpoint, '_id' | 'sealedSecret' | 'oldSecret' | 'oldUntil'>,
  now: Date,
): string[] {
  const { _id, oldSecret, oldUntil } = endpoint;
  const old = oldSecret !== undefined && oldUntil !== undefined && oldUntil > now;
  return [secretOf(endpoint), ...(old ? [secretOf({ _id, sealedSecret: oldSecret })] : [])];
}

/** When an endpoint answered that it is gone, at the revision it is at; null where it has not. */
export function goneAt({ rev }: WebhookEndpoint, gone: WebhookGone | null): Date | null {
  return gone?.rev === rev ? gone.at : null;
}

/** The endpoint is gone: `settle` writes that down. */
export class EndpointGone extends TerminalError {
  readonly rev: number;

  constructor({ _id, rev }: WebhookEndpoint) {
    super(`The endpoint ${_id} answered 410: it is gone`);
    this.rev = rev;
  }
}

/**
 * A message as it is sent: body and headers. The body is the same at every attempt, its `timestamp` that of its row; the
 * header's is that of the attempt, as the scheme has it.
 */
export function messageOf(
  id: string,
  { type, data }: Pick<DeliverInput, 'type' | 'data'>,
  secrets: readonly string[],
  now: Date,
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const body = JSON.stringify({ type, timestamp: madeAt(id).toISOString(), data });
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'SmartStart-Brain-Webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
    },
  };
}

/** 4xx that may pass: the other side was slow, not ready, or asked too often. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/** Returns where an answer says yes. @throws EndpointGone, RetryableError, TerminalError */
export function judge(
  endpoint: WebhookEndpoint,
  { status, retryAfterMs = 0 }: PostAnswer,
  longestWaitMs: number,
): void {
  if (status >= 200 && status < 300) {
    return;
  }
  if (status === 410) {
    throw new EndpointGone(endpoint);
  }
  if (status < 500 && !passing.has(status)) {
    const why = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
    throw new TerminalError(`The endpoint answered ${status}${why}`);
  }
  throw new RetryableError(`The endpoint answered ${status}`, { afterMs: Math.min(retryAfterMs, longestWaitMs) });
}
