// Inputs and outputs of automation: rules that start and signal machines when something happens.
import { z } from 'zod';
import { pageOf } from '#src/platform/http/cursor.ts';
import { eventBody, instanceParams } from '../state-machine.schema.ts';

/** The most rules there may be. */
export const maxRules = 200;
/** The most events one dry run looks at, and the most it shows. */
export const maxDry = { looked: 1_000, shown: 100 } as const;

/** A rule's name. No dot: causes of what rules ask for are taken apart by dots. */
export const ruleName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/u, 'May hold a-z, 0-9 and -');

/** `:name` of a path. */
export const ruleParams = z.strictObject({ name: ruleName });

const celText = z.string().min(1).max(1_024);
const { type, id } = instanceParams.shape;
const idOrCel = z.union([id, z.strictObject({ $cel: celText })]).describe('An id, or an expression that comes to one');
const json = z.record(z.string(), z.unknown());

const eventType = z
  .string()
  .max(200)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+$/u, 'Must be the type of an event, such as badge.awarded');

const when = z.strictObject({
  type: eventType,
  if: celText.optional().describe('A CEL rule over event, as sockets get it; left out, every event of the type'),
});

const start = z.strictObject({
  type,
  id: idOrCel,
  input: json.optional().describe('{"$cel": "…"} may stand for any value in it'),
});

const signal = z.strictObject({
  type,
  id: idOrCel,
  event: eventBody.describe('{"$cel": "…"} may stand for any value in it but its type'),
});

const action = z.union([z.strictObject({ start }), z.strictObject({ signal })]);

/** What a rule says. */
// oxlint-disable-next-line unicorn/no-thenable -- the word for it; nobody awaits a schema or takes an object for a function
const ruleShape = z.strictObject({ when, then: action });

/** Body of `PUT /api/state-machines/rules/:name`. */
export const ruleBody = ruleShape.extend({ enabled: z.boolean().default(true) });

/** Body of `POST /api/state-machines/rules`. */
export const newRuleBody = ruleBody.extend({ name: ruleName });

const time = z.iso.datetime();

/** Body of `POST /api/state-machines/rules/dry-run`. */
export const dryRunBody = z.strictObject({
  rule: ruleShape.extend({ name: ruleName.optional(), enabled: z.boolean().optional() }),
  since: time.max(40).optional().describe('Events of before are not looked at'),
  limit: z.int().min(1).max(maxDry.looked).default(100).describe('So many of the newest events of the type'),
});

const rev = z.int().min(0);

/** Inputs of the commands. `rev`: the revision it must still be at. */
export const inputs = {
  make: newRuleBody,
  change: newRuleBody.extend({ rev }),
  remove: z.strictObject({ name: ruleName }),
};

const count = z.int().min(0);

/** A rule as it stands, and about what it came to. */
export const ruleView = z
  .strictObject({
    name: z.string(),
    ...ruleBody.shape,
    matched: count,
    failed: count,
    stopped: count.describe('Matches without consequence: rules had caused too much of the same beginning already'),
    lastMatchedAt: time.nullable(),
    lastFailedAt: time.nullable(),
    lastError: z.string().nullable(),
    savedBy: z.string(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'AutomationRule' });

/** Rules by name. */
export const rulePage = pageOf(ruleView);

const wouldStart = z.strictObject({ start: z.strictObject({ type, id, input: json.optional() }) });
const wouldSignal = z.strictObject({ signal: z.strictObject({ type, id, event: eventBody }) });

/** What a rule would have done with events that happened, the newest first. */
export const dryRunView = z.strictObject({
  looked: count.describe('Events of the type that were looked at'),
  matched: count,
  failed: count,
  complete: z.boolean().describe('False where further kept events were not looked at: beyond the limit or the time'),
  data: z
    .array(
      z.strictObject({
        event: z.strictObject({ id: z.string(), type: z.string(), subject: z.string(), actor: z.string(), time }),
        would: z.union([wouldStart, wouldSignal]).nullable().describe('Null where it failed'),
        error: z.string().nullable(),
      }),
    )
    .max(maxDry.shown),
});

export type RuleBody = z.output<typeof ruleBody>;
export type RuleShape = Pick<RuleBody, 'when' | 'then'>;
export type RuleView = z.output<typeof ruleView>;
export type DryRun = z.output<typeof dryRunBody>;
export type DryRunView = z.output<typeof dryRunView>;
export type Would = NonNullable<DryRunView['data'][number]['would']>;
