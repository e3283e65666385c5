// From a batch of commands to the rows one transaction will write: pure, once the state is loaded.
import { leases } from '#config/pools.ts';
import { retention } from '#config/retention.ts';
import { AppError, type Problem } from '../errors.ts';
import type { StoredEvent } from '../events/event.ts';
import { fullShare } from '../events/reactor.ts';
import { canonicalJson, newId, sha256 } from '../ids.ts';
import { freshAfterMs } from '../machines/credit.ts';
import { blocks, commandOf, workKindOf, type Registry } from '../registry.ts';
import type { Command, Decision, WorkDraft, Write } from './command.ts';
import type { Overlay } from './overlay.ts';
import { atOnce, shardFor, timesTold, type WorkRow } from './work.ts';

/** How a row ended: what its caller is told and what its row will say. */
export interface Settlement {
  readonly row: WorkRow;
  readonly state: 'done' | 'refused' | 'dead';
  readonly result?: unknown;
  readonly status?: number | undefined;
  readonly problem?: Problem | undefined;
  readonly replayed?: boolean | undefined;
}

/** A row whose `decide` or `load` threw. */
export interface Failure {
  readonly row: WorkRow;
  readonly error: Error;
  /** When it is tried again; by the pool's own measure where it is left out. */
  readonly retryAt?: Date;
}

/** All that one batch writes. */
export interface Plan {
  readonly writes: Write[];
  readonly events: StoredEvent[];
  readonly work: WorkRow[];
  readonly settlements: Settlement[];
  readonly failures: Failure[];
}

/** A plan of nothing. */
export function emptyPlan(): Plan {
  return { writes: [], events: [], work: [], settlements: [], failures: [] };
}

/** The command inside a row, its input parsed again: rows are a door too. */
export function commandFrom(registry: Registry, row: WorkRow): Command {
  const definition = commandOf(registry, row.kind);
  return {
    id: row._id,
    kind: row.kind,
    key: row.key,
    input: definition.input.parse(row.input),
    actor: row.actor,
    origin: originOf(row),
    requestHash: row.requestHash,
    requestId: row.requestId,
    acceptedAt: row.acceptedAt,
    ...handedDown(row),
  };
}

/** Where a row came from, as `Command.origin` says it. */
export function originOf(row: Pick<WorkRow, '_id' | 'actor' | 'idempotencyKey'>): string {
  if (row.idempotencyKey === undefined) {
    return `w.${row._id}`;
  }
  return row.actor === 'system' ? row.idempotencyKey : `c.${row.actor}.${row.idempotencyKey}`;
}

/**
 * Decides every row in order on the overlay. A row that throws leaves no trace and stops nobody else, but the later
 * rows of its key where its kind says `block`: they are left as they are. So are those after the one that has taken the time
 * to `patienceMs`: nothing a row asks for may hold its batch for longer than its owner's lease.
 */
export function decideAll(
  registry: Registry,
  overlay: Overlay,
  commands: Map<WorkRow, Command>,
  now: Date,
  patienceMs: number = leases.decideMs,
): Plan {
  const plan = emptyPlan();
  const waiting = new Set<string>();
  const begun = performance.now();
  for (const [row, command] of commands) {
    const hasAny = plan.settlements.length + plan.failures.length > 0;
    if (hasAny && performance.now() - begun > patienceMs) {
      break;
    }
    if (waiting.has(row.key)) {
      continue;
    }
    try {
      const decision = commandOf(registry, row.kind).decide(overlay, command, now);
      if (decision instanceof AppError) {
        plan.settlements.push({ row, state: 'refused', problem: decision.problem });
      } else {
        addDecision(plan, registry, row, decision, now, overlay);
      }
    } catch (error) {
      plan.failures.push({ row, error: error instanceof Error ? error : new Error(String(error)) });
      if (blocks(registry, row)) {
        waiting.add(row.key);
      }
    }
  }
  return plan;
}

/**
 * Adds to a plan all that a decision about a row asks for, the reactions to its events too. Lays the writes on the overlay
 * where later rows decide on it. Nothing is added where any of it throws.
 */
export function addDecision(
  plan: Plan,
  registry: Registry,
  row: WorkRow,
  decision: Decision,
  now: Date,
  overlay?: Overlay,
): void {
  const events = (decision.events ?? []).map((draft, index): StoredEvent => {
    // Somebody may be in an audience twice, as giver and receiver: an event has one place in a feed.
    const audience = [...new Set(draft.audience)];
    return {
      _id: `${row._id}.${index}`,
      type: draft.type,
      subject: draft.subject,
      actor: row.actor,
      data: draft.data,
      audience,
      time: now,
      requestId: row.requestId,
      ...(row.traceparent === undefined ? {} : { traceparent: row.traceparent }),
    };
  });
  const reactions = events.flatMap((event) =>
    (registry.subscriptions.get(event.type) ?? [])
      .flatMap((subscription) => subscription.react(event))
      .map((draft, index) => ({ ...draft, cause: `e.${event._id}.${index}` })),
  );
  const asked = registry.reactors.flatMap((reactor) => reactor.react(events, row.share ?? fullShare));
  const cause = { ...row, ...handedDown({ share: row.share, credit: decision.credit ?? row.credit }) };
  const work = [...(decision.work ?? []), ...reactions, ...asked].map((draft) => workRow(registry, draft, cause, now));
  overlay?.apply(decision.writes ?? []);
  plan.writes.push(...(decision.writes ?? []));
  plan.events.push(...events);
  plan.work.push(...work);
  plan.settlements.push({
    row,
    state: 'done',
    result: decision.result,
    ...(decision.status === undefined ? {} : { status: decision.status }),
    ...(decision.replayed ? { replayed: true } : {}),
  });
}

interface HandedDown {
  readonly share?: number;
  readonly credit?: number;
}

/** The members `share` and `credit`, where there are such. */
function handedDown({ share, credit }: { [member in keyof HandedDown]: number | undefined }): HandedDown {
  return { ...(share === undefined ? {} : { share }), ...(credit === undefined ? {} : { credit }) };
}

/** The row of a command or an effect that another command (or a timer) asked for. Its cause makes it unique for ever. */
export function workRow(
  registry: Registry,
  draft: WorkDraft,
  cause: { requestId: string; traceparent?: string } & HandedDown,
  now: Date,
): WorkRow {
  const definition = workKindOf(registry, draft.kind);
  if (draft.tell) {
    // Found now and not when it has ended, which could then not be told.
    workKindOf(registry, draft.tell.kind);
  }
  const id = draft.id ?? newId();
  const input = definition.input.parse(draft.input);
  const key = definition.key(input, id);
  const notBefore = draft.notBefore ?? atOnce;
  // What is for later begins anew.
  const inherited = notBefore.getTime() - now.getTime() < freshAfterMs ? cause.credit : undefined;
  return {
    _id: id,
    shard: shardFor(definition.pool, key),
    kind: draft.kind,
    key,
    input,
    actor: 'system',
    idempotencyKey: draft.cause,
    requestHash: sha256(canonicalJson(input)),
    state: 'new',
    attempts: 0,
    notBefore,
    requestId: cause.requestId,
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
    ...handedDown({ share: draft.share ?? cause.share, credit: draft.credit ?? inherited }),
    ...(draft.tell ? { tell: draft.tell } : {}),
    ...(draft.keepMs === undefined ? {} : { keepMs: draft.keepMs }),
    acceptedAt: now,
  };
}

/** The fields a settled row gets. */
export function settledFields(settlement: Settlement, now: Date): Partial<WorkRow> {
  const { row } = settlement;
  return {
    state: settlement.state,
    ...(settlement.result === undefined ? {} : { result: settlement.result }),
    ...(settlement.status === undefined ? {} : { status: settlement.status }),
    ...(settlement.problem === undefined ? {} : { problem: settlement.problem }),
    ...(settlement.replayed ? { replayed: true } : {}),
    ...(row.tell ? { told: timesTold(row) } : {}),
    doneAt: now,
    // What gave up stays until somebody redrives it.
    ...(settlement.state === 'dead'
      ? {}
      : { expireAt: new Date(now.getTime() + (row.keepMs ?? retention.workSettledMs)) }),
  };
}
