// The effect that delivers messages to endpoints.
import { config } from '#config/env.ts';
import { put } from '#src/platform/commands/command.ts';
import { defineEffect, RetryableError, TerminalError } from '#src/platform/effects/effect.ts';
import { defineMachineEffect } from '#src/platform/machines/effects.ts';
import { AddressRefused, post, type PostAnswer } from '#src/platform/outbound/post.ts';
import { deliverKind, WebhooksGone, type WebhookEndpoint } from './webhooks.model.ts';
import { EndpointGone, goneAt, judge, messageOf, secretsOf } from './webhooks.policy.ts';
import { findEndpoint } from './webhooks.queries.ts';
import { deliverInput, type DeliverInput } from './webhooks.schema.ts';

/** Through a receiver's night and morning: about a day in all. No wait is longer, whatever a receiver asks for. */
const retry = { attempts: 14, baseMs: 2_000, maxMs: 21_600_000, jitter: 0.5 };

async function openEndpoint(name: string): Promise<WebhookEndpoint> {
  const found = await findEndpoint(name);
  if (!found) {
    throw new TerminalError(`There is no endpoint ${name}`);
  }
  if (!found.endpoint.enabled || goneAt(found.endpoint, found.gone)) {
    throw new TerminalError(`The endpoint ${name} is switched off or gone`);
  }
  return found.endpoint;
}

async function send(endpoint: WebhookEndpoint, input: DeliverInput, id: string, signal: AbortSignal) {
  const now = new Date();
  const message = messageOf(id, input, secretsOf(endpoint, now), now);
  try {
    return await post({ ...message, url: endpoint.url, signal, allowed: config.webhookAllowPrivate });
  } catch (error) {
    if (error instanceof AddressRefused) {
      throw new TerminalError(error.message);
    }
    // What the system says of connections names addresses behind names.
    const code = (error as NodeJS.ErrnoException).code ?? 'no answer';
    throw new RetryableError(`The endpoint could not be reached (${code})`, { cause: error });
  }
}

/**
 * Delivers a message: posted until the endpoint answers 2xx, signed, under the id of its row. 410 switches the endpoint off,
 * other 4xx but 408, 425 and 429 end it at once, and so do redirects and addresses that may not be called.
 */
export const deliverWebhook = defineEffect<DeliverInput, Pick<PostAnswer, 'status'>>({
  kind: deliverKind,
  pool: 'webhooks',
  input: deliverInput,
  timeoutMs: 10_000,
  retry,
  perform: async (input, { id, signal }) => {
    const endpoint = await openEndpoint(input.endpoint);
    const answer = await send(endpoint, input, id, signal);
    judge(endpoint, answer, retry.maxMs);
    return { status: answer.status };
  },
  settle: (ended, { input }, now) =>
    ended.state === 'dead' && ended.error instanceof EndpointGone
      ? { writes: [put(WebhooksGone, { _id: input.endpoint, rev: ended.error.rev, at: now })] }
      : {},
});

/** A message to an endpoint, asked for by a machine: once for each step, repeated under one id until it is taken. */
export const webhookEffect = defineMachineEffect<DeliverInput>({
  name: 'webhook',
  summary: 'Send a message to an endpoint of webhooks, by its name',
  input: deliverInput,
  kind: deliverKind,
  needs: 'webhook.manage',
  idempotency: 'key',
  toInput: (input) => input,
});
