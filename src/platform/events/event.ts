// Events: what happened, as CloudEvents 1.0. Services define theirs in `<service>.events.ts`; commands emit drafts;
// subscriptions turn one service's events into commands of another.
import { z } from 'zod';
import type { EventDraft, WorkDraft } from '../commands/command.ts';
import { defineCollection } from '../mongo/collection.ts';

/** A row of `events`: append only. What still waits for its places in feeds is named in outbox.ts. */
export interface StoredEvent {
  readonly _id: string;
  readonly type: string;
  readonly subject: string;
  readonly actor: string;
  readonly data: Record<string, unknown>;
  readonly audience: readonly string[];
  readonly time: Date;
  readonly requestId: string;
  readonly traceparent?: string;
}

/** All that happened, in the order of its ids: what feeds are made of, activity log, what analytics reads. */
export const Events = defineCollection<StoredEvent>(
  'events',
  {
    type: String,
    subject: String,
    actor: String,
    data: Object,
    audience: [String],
    time: Date,
    requestId: String,
    traceparent: String,
  },
  [
    { key: { requestId: 1 } },
    // What somebody did, and what concerns them.
    { key: { actor: 1, time: -1, _id: -1 } },
    { key: { audience: 1, time: -1, _id: -1 } },
    // Audits are few among all events: an index of them alone.
    { key: { type: 1, _id: -1 }, partialFilterExpression: { type: 'admin.acted' } },
  ],
  { retired: [{ pending: 1, _id: 1 }] },
);

/** An event as clients see it (CloudEvents 1.0 in JSON, with the extensions `actor` and `requestid`). */
export const cloudEvent = z
  .strictObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string().describe('What it is about, such as user.<id>'),
    time: z.iso.datetime(),
    datacontenttype: z.literal('application/json'),
    data: z.record(z.string(), z.unknown()),
    actor: z.string().describe('Who did it: the id of a user, or system'),
    requestid: z.string(),
  })
  .readonly()
  .meta({ id: 'CloudEvent' });
export type CloudEvent = z.output<typeof cloudEvent>;

/** The wire form of a stored event. */
export function toCloudEvent(event: StoredEvent): CloudEvent {
  return {
    specversion: '1.0',
    id: event._id,
    source: '/smartstart-brain',
    type: event.type,
    subject: event.subject,
    time: event.time.toISOString(),
    datacontenttype: 'application/json',
    data: event.data,
    actor: event.actor,
    requestid: event.requestId,
  };
}

/** A type of event: its name in the past tense and the shape of its data. */
export interface EventDefinition<Data extends Record<string, unknown> = Record<string, unknown>> {
  readonly type: string;
  readonly data: z.ZodType<Data>;
  /** A draft for `Decision.events`. `audience`: the feeds that carry it. */
  draft(fields: { subject: string; audience: readonly string[]; data: Data }): EventDraft;
}

const catalogue = new Map<string, EventDefinition>();

/** Every event type that was defined, by name. */
export const eventCatalogue: ReadonlyMap<string, EventDefinition> = catalogue;

/** Defines an event type. A name that is taken throws at start. */
export function defineEvent<Data extends Record<string, unknown>>(
  type: string,
  data: z.ZodType<Data>,
): EventDefinition<Data> {
  if (catalogue.has(type)) {
    throw new Error(`The event type ${type} is defined twice`);
  }
  const definition: EventDefinition<Data> = {
    type,
    data,
    draft: (fields) => ({ type, ...fields }),
  };
  catalogue.set(type, definition as unknown as EventDefinition);
  return definition;
}

/** Events whose types are not known before, because data names them: documented once, by what their types look like. */
export interface EventFamily {
  readonly name: string;
  readonly types: RegExp;
  readonly summary: string;
  readonly data: z.ZodType<Record<string, unknown>>;
}

const families = new Map<string, EventFamily>();

/** Every family of events, by name. */
export const eventFamilies: ReadonlyMap<string, EventFamily> = families;

/** Defines a family of events. A name that is taken throws at start. */
export function defineEventFamily(family: EventFamily): EventFamily {
  if (families.has(family.name)) {
    throw new Error(`The events ${family.name} are defined twice`);
  }
  families.set(family.name, family);
  return family;
}

/** A reaction: pure, from one event to the commands it asks for. They are rows of the same transaction. */
export interface Subscription {
  readonly on: string;
  readonly react: (event: StoredEvent) => readonly Omit<WorkDraft, 'cause'>[];
}

/** Defines a reaction to an event type; its data has the type's shape. */
export function subscribe<Data extends Record<string, unknown>>(
  event: EventDefinition<Data>,
  react: (event: Omit<StoredEvent, 'data'> & { readonly data: Data }) => readonly Omit<WorkDraft, 'cause'>[],
): Subscription {
  return { on: event.type, react: react as Subscription['react'] };
}
