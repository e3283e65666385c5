// Reads of endpoints and of what was delivered to them.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { decodeCursor, encodeCursor, toPage, type Page, type pageQuery } from '#src/platform/http/cursor.ts';
import { webhookProblems } from './webhooks.errors.ts';
import {
  deliverKind,
  WebhookEndpoints,
  WebhooksGone,
  type WebhookEndpoint,
  type WebhookGone,
} from './webhooks.model.ts';
import { presentDelivery, presentEndpoint } from './webhooks.presenter.ts';
import type { DeliveryView, EndpointView } from './webhooks.schema.ts';

type PageQuery = z.output<typeof pageQuery>;

/** An endpoint, and whether it is gone. */
export interface FoundEndpoint {
  readonly endpoint: WebhookEndpoint;
  readonly gone: WebhookGone | null;
}

const bounded = { maxTimeMS: limits.mongoMs };

/** The endpoint of a name that was not removed; null where there is none. */
export async function findEndpoint(name: string): Promise<FoundEndpoint | null> {
  const [endpoint, gone] = await Promise.all([
    WebhookEndpoints.native().findOne({ _id: name, removedAt: null }, bounded),
    WebhooksGone.native().findOne({ _id: name }, bounded),
  ]);
  return endpoint && { endpoint, gone };
}

/** The same for a route. Errors: `state-machine.webhook-not-found`. */
export async function readEndpoint(name: string): Promise<FoundEndpoint> {
  const found = await findEndpoint(name);
  if (!found) {
    throw webhookProblems.notFound(`There is no endpoint ${name}`);
  }
  return found;
}

/** Endpoints by name. */
export async function listEndpoints({ limit, cursor }: PageQuery): Promise<Page<EndpointView>> {
  const after = cursor === undefined ? '' : z.string().parse(decodeCursor('webhooks', cursor));
  const rows = await WebhookEndpoints.native()
    .find({ _id: { $gt: after }, removedAt: null }, { ...bounded, sort: { _id: 1 }, limit: limit + 1 })
    .toArray();
  const gone = await WebhooksGone.native()
    .find({ _id: { $in: rows.map(({ _id }) => _id) } }, bounded)
    .toArray();
  const present = (row: WebhookEndpoint): EndpointView =>
    presentEndpoint(row, gone.find(({ _id }) => _id === row._id) ?? null);
  return toPage(rows, limit, present, ({ _id }) => encodeCursor('webhooks', _id));
}

/** Messages to an endpoint, the newest first, as far as their rows are kept. Errors: `state-machine.webhook-not-found`. */
export async function listDeliveries(name: string, { limit, cursor }: PageQuery): Promise<Page<DeliveryView>> {
  await readEndpoint(name);
  const purpose = `webhook.deliveries.${name}`;
  const before = cursor === undefined ? null : z.string().parse(decodeCursor(purpose, cursor));
  const rows = await Work.native()
    .find<WorkRow>(
      { kind: deliverKind, 'input.endpoint': name, ...(before === null ? {} : { _id: { $lt: before } }) },
      { ...bounded, sort: { _id: -1 }, limit: limit + 1 },
    )
    .toArray();
  return toPage(rows, limit, presentDelivery, ({ _id }) => encodeCursor(purpose, _id));
}
