// A collector as OpenTelemetry's exporters know it: takes OTLP over HTTP and reads the protobuf bytes themselves
// (opentelemetry-proto 1.x, trace.proto; wire format of protobuf). Called by test/e2e.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it arrived. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' where it has none. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  readonly durationNs: bigint;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2: error. */
  readonly status: number;
  /** `service.instance.id` of the process it came from. */
  readonly node: string;
}

/** A collector that runs. */
export interface Collector {
  readonly url: string;
  /** All spans so far. */
  readonly spans: readonly ReceivedSpan[];
  close(): Promise<void>;
}

type Fields = Map<number, (bigint | Buffer)[]>;

function varint(bytes: Buffer, from: number): [value: bigint, next: number] {
  let value = 0n;
  for (let at = from, shift = 0n; at < bytes.length; at += 1, shift += 7n) {
    const byte = bytes.readUInt8(at);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return [value, at + 1];
    }
  }
  throw new Error('A varint has no end');
}

/** The fields of a message by number; nested messages, texts and bytes stay bytes. */
function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  for (let at = 0; at < bytes.length;) {
    const [tag, afterTag] = varint(bytes, at);
    const wire = Number(tag & 7n);
    let value: bigint | Buffer;
    if (wire === 0) {
      [value, at] = varint(bytes, afterTag);
    } else if (wire === 1) {
      [value, at] = [bytes.readBigUInt64LE(afterTag), afterTag + 8];
    } else if (wire === 2) {
      const [length, start] = varint(bytes, afterTag);
      at = start + Number(length);
      value = bytes.subarray(start, at);
    } else if (wire === 5) {
      [value, at] = [BigInt(bytes.readUInt32LE(afterTag)), afterTag + 4];
    } else {
      throw new Error(`Wire type ${wire} is not one of protobuf`);
    }
    const number = Number(tag >> 3n);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(value as Buffer));
const bytesIn = (fields: Fields, number: number): Buffer =>
  (fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
const numberIn = (fields: Fields, number: number): bigint => (fields.get(number)?.[0] as bigint | undefined) ?? 0n;

/** KeyValue {key 1, value 2}, AnyValue {string 1, int 3}. */
function factsOf(pairs: readonly Fields[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const value = fieldsOf(bytesIn(pair, 2));
      return [bytesIn(pair, 1).toString(), value.has(1) ? bytesIn(value, 1).toString() : Number(numberIn(value, 3))];
    }),
  );
}

/** ExportTraceServiceRequest → ResourceSpans 1 {resource 1, scope_spans 2 {spans 2}}. */
function spansIn(body: Buffer): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const resource = factsOf(messages(fieldsOf(bytesIn(resourceSpans, 1)), 1));
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => ({
        traceId: bytesIn(span, 1).toString('hex'),
        spanId: bytesIn(span, 2).toString('hex'),
        parentId: bytesIn(span, 4).toString('hex'),
        name: bytesIn(span, 5).toString(),
        kind: Number(numberIn(span, 6)),
        durationNs: numberIn(span, 8) - numberIn(span, 7),
        facts: factsOf(messages(span, 9)),
        links: messages(span, 13).map((link) => ({
          traceId: bytesIn(link, 1).toString('hex'),
          spanId: bytesIn(link, 2).toString('hex'),
        })),
        status: Number(numberIn(fieldsOf(bytesIn(span, 15)), 3)),
        node: String(resource['service.instance.id']),
      }));
  });
}

/** Starts a collector on a free port. */
export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const taken = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf';
      if (taken) {
        spans.push(...spansIn(Buffer.concat(parts)));
      }
      response.writeHead(taken ? 200 : 404, { 'Content-Type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
