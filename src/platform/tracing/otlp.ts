// Spans over OpenTelemetry's SDK to a collector (OTLP over HTTP, protobuf). Loaded by tracing.ts only where an endpoint is
// set. The context is handed on in rows and headers, so the SDK's own context manager is not needed.
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as SdkSpan,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { nodeId } from '../ids.ts';
import { logFor } from '../log.ts';
import type { Span, StartSpan } from './spans.ts';

const log = logFor('tracing');

const kinds = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

/** An SDK that runs. */
export interface OtlpTracing {
  readonly start: StartSpan;
  /** Sends what is there and ends. Waits for the collector as long as the exporter does. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts an SDK that sends to `<endpoint>/v1/traces`. `ratio`: the part of traces that begin here which is recorded; one
 * that begins elsewhere is recorded where its traceparent says so. A collector that is away costs spans, nothing else.
 */
export function startOtlp(endpoint: string, ratio: number): OtlpTracing {
  diag.setLogger(quietLogger(), { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/u, '')}/v1/traces`, timeoutMillis: 5_000 });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'smartstart-brain',
      'service.instance.id': nodeId,
      'process.pid': process.pid,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    // As many as the largest batch has rows.
    spanLimits: { linkCountLimit: 1_000 },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        scheduledDelayMillis: 1_000,
        maxQueueSize: 20_000,
        maxExportBatchSize: 1_000,
        exportTimeoutMillis: 5_000,
      }),
    ],
  });
  const tracer = provider.getTracer('smartstart-brain');
  return {
    start: (name, { kind, parent, links = [], facts = {} }) => {
      const options = {
        kind: kinds[kind],
        attributes: { ...facts },
        links: links.flatMap((link) => contextIn(link) ?? []).map((context) => ({ context })),
      };
      return wrap(tracer.startSpan(name, options, under(parent)));
    },
    stop: async () => await provider.shutdown(),
  };
}

/** A collector that is away is worth one line, not one a second. */
function quietLogger() {
  let told = false;
  const tell = (reason: string): void => {
    log[told ? 'debug' : 'warn']({ reason }, 'Spans could not be sent; going on without them');
    told = true;
  };
  const ignore = (): void => undefined;
  return { error: tell, warn: ignore, info: ignore, debug: ignore, verbose: ignore };
}

/** What a traceparent says (W3C Trace Context), or null. */
function contextIn(traceparent: string): SpanContext | null {
  const [, traceId, spanId, flags] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/u.exec(traceparent) ?? [];
  return traceId === undefined || spanId === undefined || flags === undefined
    ? null
    : { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

function under(parent: string | undefined): Context {
  const context = parent === undefined ? null : contextIn(parent);
  return context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT;
}

function wrap(span: SdkSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    tell: (name, facts) => void span.updateName(name).setAttributes({ ...facts }),
    end: (failure) => {
      if (failure !== undefined) {
        // The name alone: a driver's message may quote a document.
        const name = typeof failure === 'string' ? failure : failure.name;
        span.setStatus({ code: SpanStatusCode.ERROR, message: name }).setAttribute('error.type', name);
      }
      span.end();
    },
  };
}
