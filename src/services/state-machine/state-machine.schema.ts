// Inputs and outputs of the state-machine service; types are derived from here.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { pageQuery } from '#src/platform/http/cursor.ts';
import { isReserved } from '#src/platform/machines/kernel.ts';
import { childRef, parentLink } from './children/children.schema.ts';

const moment = z.iso.datetime({ offset: true }).max(40);

/** The longest key of an instance. */
export const longestId = 128;

/** The kinds of the commands that create an instance and send one an event, for those who make rows of them. */
export const createKind = 'state-machine.instance.create';
export const sendKind = 'state-machine.event.send';

// Types hold no dot, so that `<type>.<id>` can be taken apart; neither holds a colon, which ids of jobs refuse.
const type = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/u, 'must be a name of letters, digits, _ and -');
const id = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/u, 'may hold letters, digits, ., _ and -');
const json = z.record(z.string(), z.unknown());
/** Where an instance stands: a name, or names by region. */
export const stateValue = z.union([z.string(), json]);
/** `done`: in a final state · `error`, `stopped`: it gave up. */
export const status = z.enum(['active', 'done', 'error', 'stopped']);
/** The number of a step; 0 is the creation. */
export const seq = z.number().int().min(0);
/** A moment, in ISO 8601 and UTC. */
export const time = z.iso.datetime();

/** A step of an instance. */
export const stepRef = z.strictObject({ type, id, seq });

/** `:type` and `:id` of a path. */
export const instanceParams = z.strictObject({ type, id });

const eventType = z
  .string()
  .max(100)
  .refine((name) => !isReserved(name), 'is reserved: only the runtime sends events of this type');

/** An event: its type and, beside it, its payload. Types of the runtime's own cannot be sent. */
export const eventBody = z.looseObject({ type: eventType });

/** What a sender calls an event: the same one again gets the answer of the first. */
export const eventId = z
  .string()
  .max(128)
  .regex(/^[\x21-\x7e]{1,128}$/u, 'takes 1 to 128 visible ASCII characters');

/** Body of the route that sends an event: `eventId` names it and is no part of it. */
export const sentBody = eventBody.extend({ eventId: eventId.optional() });

/** `?notBefore=` of the route that sends an event: it is taken then, and until then it is an operation. */
export const eventQuery = z.strictObject({
  notBefore: moment
    .refine((at) => Date.parse(at) - Date.now() <= limits.machineDelayMs, 'must be within a year')
    .optional(),
});

/**
 * Who asks, as the door saw them: the names that stand for them (platform/machines/people.ts), and whether they may
 * operate and read any machine. Judged where the step is decided, so that membership and step are one commit.
 */
export const machineAsker = z.strictObject({
  names: z.array(z.string()).max(100),
  operates: z.boolean(),
  readsAny: z.boolean(),
});

/** Body of the route that creates an instance. */
export const createBody = z.strictObject({ type, id, input: json.optional() });

/** Input of `state-machine.instance.create`. Without `asker`: the product itself. `parent`: whose child it is. */
export const createInput = createBody.extend({ asker: machineAsker.optional(), parent: parentLink.optional() });

/** An event and where it goes. `expectSeq`: refuse where the machine has moved on. */
export const addressedEvent = z.strictObject({
  type,
  id,
  event: eventBody,
  eventId: eventId.optional(),
  expectSeq: seq.optional(),
});

/**
 * Input of `state-machine.event.send`. `asker` as above. `from`: the parent of the instance, or a child of it, sends it.
 * `notBefore`: it is taken then.
 */
export const sendInput = addressedEvent.extend({
  asker: machineAsker.optional(),
  notBefore: moment.optional(),
  from: z.union([z.literal('parent'), childRef]).optional(),
});

/** Input of `state-machine.timer.fire`. */
export const fireInput = z.strictObject({ timerId: z.string(), instance: z.string() });

/** What a transition's guard says of an event; see Verdict of platform/machines/verdicts.ts. */
const verdict = z.strictObject({
  state: z.string(),
  target: z.array(z.string()),
  guard: z.string().nullable(),
  says: z.union([z.boolean(), z.literal('threw')]),
  error: z.string().optional(),
});

/** What a step asked to be done. */
export const effect = z.strictObject({ name: z.string(), params: z.unknown(), child: childRef.optional() });

/** An instance as it stands. */
export const stateOutput = z
  .strictObject({
    type,
    id,
    version: z.number().int(),
    seq,
    value: stateValue,
    status,
    context: z.unknown(),
    tags: z.array(z.string()),
    /** Events it has transitions for; a guard may still say no. */
    accepts: z.array(z.string()),
    timers: z.array(z.strictObject({ name: z.string(), dueAt: time })),
    /** With `?explain=`: what the guard of each transition says of that event, sent without payload by who asks. */
    verdicts: z.array(verdict).optional(),
    /** The step it was forked at: a trial, whose effects nobody does. */
    forkedFrom: stepRef.optional(),
    /** Whose child it is. */
    parent: z.strictObject({ type, id, child: z.string(), generation: z.int() }).optional(),
    /** Machines and effects it began and still waits for, or that ended in the state it is in. */
    children: z.array(
      z.strictObject({
        id: z.string(),
        type: z.string().describe('The type of a machine, or effect:<name>'),
        instance: id.nullable().describe('The id of the machine it is'),
        generation: z.int(),
        status: z.enum(['active', 'ended']),
      }),
    ),
    /** Events that came early and wait for a state that takes them. */
    deferred: z.array(z.strictObject({ type: z.string(), at: time })),
    /** Effects that are being undone, or wait for it. */
    undoing: z.int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Machine' });

/** `?explain=` of the state: an event whose transitions are told with what their guards say. */
export const stateQuery = z.strictObject({ explain: eventType.optional() });

const stateName = z
  .string()
  .max(910)
  .regex(/^[A-Za-z0-9_-]{1,100}(?:\.[A-Za-z0-9_-]{1,100}){0,8}$/u, 'must be a path of states');

/** `?type=&state=&tag=&status=&field=&value=` of the list: `field` is a member of the context, `value` what it equals. */
export const instancesQuery = pageQuery
  .extend({
    type: type.optional(),
    state: stateName.optional(),
    tag: z.string().min(1).max(100).optional(),
    status: status.optional(),
    field: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/u, 'must be the name of a member of the context')
      .optional(),
    value: z.string().max(200).optional(),
  })
  .refine(({ field, value }) => (field === undefined) === (value === undefined), 'Give field and value together')
  .refine(
    ({ type: of, state, tag, field }) => of !== undefined || (state ?? tag ?? field) === undefined,
    'Name the type whose states, tags or context you look for',
  );

/** An instance in a list. */
export const instanceSummary = z.strictObject({
  type,
  id,
  version: z.number().int(),
  seq,
  value: stateValue,
  status,
  tags: z.array(z.string()),
  forkedFrom: stepRef.optional(),
  createdAt: time,
  updatedAt: time,
});

/** What an event came to, for whoever may send it and not read the machine. */
const briefOutput = z.strictObject({
  type,
  id,
  seq,
  /** False where state, status and context are as before. */
  changed: z.boolean(),
  /** It came early: `deferred` until there is a transition for it, `ignored` for good. */
  early: z.enum(['deferred', 'ignored']).optional(),
  /** It was cancelled: so many effects are too old to be undone. */
  notUndone: z.int().optional(),
});

const fullOutput = briefOutput.extend({
  value: stateValue,
  status,
  context: z.unknown(),
  effects: z.array(effect),
});

/** What an event came to: as much as who sent it may read. */
export const eventOutput = z.union([fullOutput, briefOutput]);

export type MachineAsker = z.output<typeof machineAsker>;
export type CreateInput = z.output<typeof createInput>;
export type SendInput = z.output<typeof sendInput>;
export type InstancesQuery = z.output<typeof instancesQuery>;
export type InstanceSummary = z.output<typeof instanceSummary>;
export type FireInput = z.output<typeof fireInput>;
export type VerdictOutput = z.output<typeof verdict>;
export type StateOutput = z.output<typeof stateOutput>;
export type EventOutput = z.output<typeof fullOutput>;
export type BriefOutput = z.output<typeof briefOutput>;
