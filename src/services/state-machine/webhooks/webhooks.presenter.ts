// Endpoints and deliveries as they are sent.
import type { WorkRow } from '#src/platform/commands/work.ts';
import type { WebhookEndpoint, WebhookGone } from './webhooks.model.ts';
import { goneAt } from './webhooks.policy.ts';
import type { DeliverInput, DeliveryView, EndpointView } from './webhooks.schema.ts';

/** An endpoint without its secret. */
export function presentEndpoint(endpoint: WebhookEndpoint, gone: WebhookGone | null): EndpointView {
  const { _id: name, url, enabled, secretVersion, savedBy, createdAt, updatedAt } = endpoint;
  return {
    name,
    url,
    enabled,
    goneAt: goneAt(endpoint, gone)?.toISOString() ?? null,
    secretVersion,
    savedBy,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** A message by its work row. */
export function presentDelivery(row: WorkRow): DeliveryView {
  const { _id: id, input, state, result, attempts, error, notBefore, requestId, acceptedAt, doneAt } = row;
  const waits = state === 'new' && attempts > 0;
  return {
    id,
    type: (input as DeliverInput).type,
    state,
    status: (result as { readonly status?: number } | undefined)?.status ?? null,
    attempts,
    error: error ?? null,
    nextAt: waits ? notBefore.toISOString() : null,
    requestId,
    acceptedAt: acceptedAt.toISOString(),
    doneAt: doneAt?.toISOString() ?? null,
  };
}
