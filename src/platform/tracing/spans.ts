// Spans as the platform makes them, whatever is behind them. A leaf without any SDK: while nobody traces, `startSpan` gives
// nothing and costs a comparison. What traces is otlp.ts, loaded only where an endpoint is set.

/** Facts of a span. Never inputs, results or secrets. */
export type SpanFacts = Readonly<Record<string, string | number>>;

/** How a span begins. `parent` and `links` are W3C traceparents, as rows and headers carry them. */
export interface SpanStart {
  readonly kind: 'server' | 'producer' | 'consumer' | 'internal';
  readonly parent?: string | undefined;
  readonly links?: readonly string[];
  readonly facts?: SpanFacts;
}

/** A span that was begun. */
export interface Span {
  /** What its children carry. */
  readonly traceparent: string;
  /** Renames it and adds facts: what is known late. */
  tell(name: string, facts: SpanFacts): void;
  /** Ends it; with an error, or a name for one, as failed. */
  end(failure?: Error | string): void;
}

/** Begins spans. */
export type StartSpan = (name: string, start: SpanStart) => Span;

let start: StartSpan | undefined;

/** Hands spans over to an SDK from now on; undefined: to nobody. */
export function traceWith(given: StartSpan | undefined): void {
  start = given;
}

/** True where somebody traces. */
export function isTracing(): boolean {
  return start !== undefined;
}

/** A new span, or undefined where nobody traces. */
export function startSpan(name: string, options: SpanStart): Span | undefined {
  return start?.(name, options);
}
