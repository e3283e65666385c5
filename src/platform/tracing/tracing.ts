// Switches tracing on and off with the process. Called by connections.ts, first and last. Without an endpoint no SDK is
// loaded.
import { config } from '#config/env.ts';
import { within } from '../mongo/deadline.ts';
import { traceWith } from './spans.ts';

/** What is left of the stop's time for a collector that hangs. */
const flushMs = 2_000;

let stop: (() => Promise<void>) | undefined;

/** Begins to trace where OTEL_EXPORTER_OTLP_ENDPOINT says to what. */
export async function startTracing(): Promise<void> {
  if (config.otlpEndpoint === undefined || stop !== undefined) {
    return;
  }
  const { startOtlp } = await import('./otlp.ts');
  const tracing = startOtlp(config.otlpEndpoint, config.tracedRatio);
  stop = tracing.stop;
  traceWith(tracing.start);
}

/** Sends what is left, for at most two seconds, and traces no more. Never throws. */
export async function stopTracing(): Promise<void> {
  traceWith(undefined);
  await within(stop?.() ?? Promise.resolve(), flushMs).catch(() => undefined);
  stop = undefined;
}
