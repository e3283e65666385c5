// Spans of rows: a row carries the traceparent of the span that made it, and whoever takes it up goes on from there, in
// whichever process and at whichever attempt. Called where rows are accepted, decided and numbered.
import { isTracing, startSpan, type Span, type SpanFacts } from './spans.ts';

/** What of a row its spans need. */
interface TracedRow {
  readonly _id: string;
  readonly requestId: string;
  readonly traceparent?: string;
}

interface TracedWork extends TracedRow {
  readonly kind: string;
  readonly attempts: number;
}

/** The facts of a work row: ids, kind and which attempt this is. */
export function workFacts({ _id, requestId, kind, attempts }: TracedWork): SpanFacts {
  return { 'brain.id': _id, 'brain.request_id': requestId, 'brain.kind': kind, 'brain.attempt': attempts + 1 };
}

/** Does something with a row under a span of its own; the row that `body` gets carries that span on. */
export async function underRowSpan<Row extends TracedWork, T>(
  name: string,
  row: Row,
  body: (row: Row) => Promise<T>,
): Promise<T> {
  const span = isTracing()
    ? startSpan(name, { kind: 'producer', parent: row.traceparent, facts: workFacts(row) })
    : undefined;
  if (!span) {
    return await body(row);
  }
  return await ending(
    () => [span],
    async () => await body({ ...row, traceparent: span.traceparent }),
  );
}

/** A batch whose rows are decided one by one and committed together. */
export interface BatchSpans<Row> {
  /** Names of the spans. */
  readonly each: string;
  readonly commit: string;
  readonly pool: string;
  readonly factsOf: (row: Row) => SpanFacts;
}

/**
 * Runs a batch: each row under a span of its own until `decided` is called (with those that failed, and why), then one
 * commit span with a link to each of them. The rows that `body` gets carry their spans on, to what follows from them.
 */
export async function underBatchSpans<Row extends TracedRow, T>(
  { each, commit, pool, factsOf }: BatchSpans<Row>,
  batch: readonly Row[],
  body: (rows: readonly Row[], decided: (failures?: readonly { row: Row; error: Error }[]) => void) => Promise<T>,
): Promise<T> {
  if (!isTracing()) {
    return await body(batch, () => undefined);
  }
  const open = new Map<string, Span>();
  const rows = batch.map((row) => {
    const facts = { ...factsOf(row), 'brain.pool': pool };
    const span = startSpan(each, { kind: 'consumer', parent: row.traceparent, facts });
    return span && open.set(row._id, span) ? { ...row, traceparent: span.traceparent } : row;
  });
  let spans = [...open.values()];
  const decided = (failures: readonly { row: Row; error: Error }[] = []): void => {
    const errors = new Map(failures.map(({ row, error }) => [row._id, error]));
    open.forEach((span, id) => span.end(errors.get(id)));
    const links = [...open.values()].map(({ traceparent }) => traceparent);
    const facts = { 'brain.pool': pool, 'brain.rows': batch.length };
    spans = [startSpan(commit, { kind: 'internal', links, facts })].filter((span) => span !== undefined);
  };
  return await ending(
    () => spans,
    async () => await body(rows, decided),
  );
}

/** Ends the spans that are open then, as failed where the body throws. */
async function ending<T>(open: () => readonly Span[], body: () => Promise<T>): Promise<T> {
  try {
    const value = await body();
    open().forEach((span) => span.end());
    return value;
  } catch (error) {
    open().forEach((span) => span.end(error instanceof Error ? error : String(error)));
    throw error;
  }
}
