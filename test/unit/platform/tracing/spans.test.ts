// Tracing that is off: no SDK, no copies of rows, nothing in anybody's way.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'mocha';
import { underBatchSpans, underRowSpan, workFacts } from '#src/platform/tracing/row-spans.ts';
import { isTracing, startSpan, traceWith, type Span } from '#src/platform/tracing/spans.ts';
import { startTracing, stopTracing } from '#src/platform/tracing/tracing.ts';

const row = (_id: string, traceparent = 'of-its-maker') => ({
  _id,
  requestId: 'r',
  traceparent,
  kind: 'a.b',
  attempts: 0,
});
const batch = { each: 'each', commit: 'commit', pool: 'p', factsOf: workFacts };

/** Traces into a list, as `name parent(links) error`. */
function recorded(): string[] {
  const ended: string[] = [];
  let count = 0;
  traceWith((name, { parent, links = [] }): Span => {
    count += 1;
    const end = (failure?: Error | string): void => {
      ended.push(`${name} < ${parent ?? links.join('+')}${failure instanceof Error ? `: ${failure.message}` : ''}`);
    };
    return { traceparent: `${name}${count}`, tell: () => undefined, end };
  });
  return ended;
}

describe('tracing', () => {
  afterEach(() => traceWith(undefined));

  it('without an endpoint loads no SDK and begins no span', async () => {
    await startTracing();
    assert.equal(isTracing(), false);
    assert.equal(startSpan('x', { kind: 'internal' }), undefined);
    // prom-client brings the API of OpenTelemetry along; the SDK is what costs.
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) =>
      /@opentelemetry\/(?:sdk|exporter|resources)/u.test(file),
    );
    assert.deepEqual(loaded, []);
    await stopTracing();
  });

  it('hands rows on as they are while it is off', async () => {
    const rows = [row('1')];
    await underBatchSpans(batch, rows, async (given) => await Promise.resolve(assert.equal(given, rows)));
    await underRowSpan('x', rows[0] as ReturnType<typeof row>, async (given) => {
      assert.equal(given, rows[0]);
      await Promise.resolve();
    });
  });

  it('ends the spans of rows when they are decided, and links the commit to them', async () => {
    const ended = recorded();
    const failed = row('2');
    await underBatchSpans(batch, [row('1'), failed], async (rows, decided) => {
      assert.deepEqual(
        rows.map(({ traceparent }) => traceparent),
        ['each1', 'each2'],
      );
      decided([{ row: failed, error: new Error('no') }]);
      assert.deepEqual(ended.splice(0), ['each < of-its-maker', 'each < of-its-maker: no']);
      await Promise.resolve();
    });
    assert.deepEqual(ended, ['commit < each1+each2']);
  });

  it('ends what is open as failed where a batch throws, before and after it was decided', async () => {
    const ended = recorded();
    const fails = async (decide: boolean): Promise<void> => {
      const run = underBatchSpans(batch, [row('1')], async (_, decided) => {
        if (decide) {
          decided();
        }
        await Promise.reject(new Error('away'));
      });
      await assert.rejects(run, /away/u);
    };
    await fails(false);
    await fails(true);
    assert.deepEqual(ended, ['each < of-its-maker: away', 'each < of-its-maker', 'commit < each2: away']);
  });
});
