// One HTTP request over connections that are kept. Called by api.ts, which decides what to do when it fails.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What is sent. `body` goes as JSON. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A whole answer; `body` is the parsed JSON, undefined where there is none. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  header(name: string): string | undefined;
}

/** No whole answer came, so nobody knows whether the request was done. */
export class NoAnswer extends Error {}

/** Longer than any answer may take: the API answers within its wait of 5 s, or says 202 or 503. */
const timeoutMs = 20_000;

/** Servers close what is idle for 5 s: a request must not meet that moment. */
const idleMs = 3_000;

/** Connections to any number of addresses. */
export class Transport {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(connections: number) {
    const settings = { keepAlive: true, maxSockets: connections, scheduling: 'lifo', timeout: idleMs } as const;
    this.#http = new HttpAgent(settings);
    this.#https = new HttpsAgent(settings);
  }

  /** Sends a request once. @throws NoAnswer when the connection fails, breaks or stays silent for 20 s */
  async send(url: string, { method, path, body, headers }: Request): Promise<Reply> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const target = new URL(path, url);
    const secure = target.protocol === 'https:';
    const options = {
      method,
      agent: secure ? this.#https : this.#http,
      headers: {
        ...headers,
        ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
      },
      timeout: timeoutMs,
    };
    return await new Promise<Reply>((resolve, reject) => {
      const fail = (error: Error): void => reject(new NoAnswer(error.message, { cause: error }));
      const sent = (secure ? httpsRequest : httpRequest)(target, options, (response) => {
        collect(response).then(resolve, fail);
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${String(timeoutMs / 1_000)} s`)));
      sent.on('error', fail);
      sent.end(payload);
    });
  }

  /** Closes all connections. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

async function collect(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const isJson = /[/+]json/u.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode ?? 0,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
    header: (name) => {
      const value = response.headers[name.toLowerCase()];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}
