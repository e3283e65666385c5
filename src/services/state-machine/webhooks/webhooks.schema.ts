// Inputs and outputs of webhooks.
import { z } from 'zod';
import { config } from '#config/env.ts';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { workState } from '#src/platform/commands/work.ts';
import { faultOfUrl, maxUrl } from '#src/platform/outbound/addresses.ts';

/** An endpoint's name: what machines call it by, so it stays. */
export const endpointName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/u, 'May hold a-z, 0-9 and -');

const url = z
  .string()
  .max(maxUrl)
  .regex(/^https?:\/\/[^\s\\]+$/u, 'Must begin with https:// or http://')
  .superRefine((text, context) => {
    const fault = faultOfUrl(text, config.webhookAllowPrivate);
    if (fault !== null) {
      context.addIssue({ code: 'custom', message: `The address ${fault}` });
    }
  });

/** A message's type as the scheme advises: words with dots between them. */
export const messageType = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*$/u, 'Must be words with dots between them');

/** `:name` of a path. */
export const endpointParams = z.strictObject({ name: endpointName });

/** Body of `PUT /api/state-machines/webhooks/:name`. */
export const endpointBody = z.strictObject({ url, enabled: z.boolean().default(true) });

/** Body of `POST /api/state-machines/webhooks`. */
export const newEndpointBody = endpointBody.extend({ name: endpointName });

/** Input of the effect `state-machine.webhook.deliver`; `endpoint` is a name. */
export const deliverInput = z.strictObject({
  endpoint: endpointName,
  type: messageType,
  data: z.record(z.string(), z.unknown()),
});

const sealedSecret = z.string().max(512);
const rev = z.int().min(0);

/** Inputs of the commands. `rev`: the revision it must still be at. */
export const inputs = {
  make: newEndpointBody.extend({ sealedSecret }),
  change: endpointBody.extend({ name: endpointName, rev }),
  renew: z.strictObject({ name: endpointName, sealedSecret }),
  remove: z.strictObject({ name: endpointName }),
  test: z.strictObject({ name: endpointName }),
};

const time = z.iso.datetime();

/** An endpoint, without its secret. */
export const endpointView = z
  .strictObject({
    name: z.string(),
    url: z.string(),
    enabled: z.boolean(),
    goneAt: time.nullable().describe('When it answered 410; any change of it lets it try again'),
    secretVersion: z.int().min(1),
    savedBy: z.string(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'WebhookEndpoint' });

/** An endpoint with its secret, shown once. */
export const endpointMade = endpointView
  .extend({ secret: z.string().optional().describe('Left out in a repeat where there is a newer one') })
  .meta({ id: 'NewWebhookEndpoint' });

/** Endpoints by name. */
export const endpointPage = pageOf(endpointView);

/** `?limit=&cursor=` of the deliveries. */
export const deliveriesQuery = pageQuery;

/** One message, as its work row stands. */
const deliveryView = z
  .strictObject({
    id: z.string().describe('Its webhook-id, the same at every attempt; also an operation'),
    type: z.string(),
    state: workState,
    status: z.int().nullable().describe('What the endpoint answered where it took the message'),
    attempts: z.int().min(0).describe('Attempts that failed'),
    error: z.string().nullable(),
    nextAt: time.nullable(),
    requestId: z.string(),
    acceptedAt: time,
    doneAt: time.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

/** Messages to an endpoint, the newest first. */
export const deliveryPage = pageOf(deliveryView);

/** Answer of a test: the message that is on its way. */
export const testSent = z.strictObject({ delivery: z.string() });

export type DeliverInput = z.output<typeof deliverInput>;
export type EndpointView = z.output<typeof endpointView>;
export type DeliveryView = z.output<typeof deliveryView>;
