// Holds answers against the OpenAPI document and socket messages against the AsyncAPI document: what they do not describe
// fails the test that got it. So every test proves the reference. Called by support/http.ts, fleet.ts and feed-client.ts.
import { Ajv } from 'ajv';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Documented {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface OpenApi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Record<string, Documented> }>>>
  >;
  readonly components: object;
}

/** An answer or a message that is otherwise than documented: never what a fault excuses. */
export class Undocumented extends Error {}

/** An answer as a client has it. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/**
 * Says no to an answer that is not documented. Paths and methods the document lacks may be refused with 404 and 405;
 * what lies under /admin/ is pages.
 */
export type Check = (method: string, path: string, answer: Answered) => void;

/** Headers that are documented where they are given. */
const told = [
  'location',
  'etag',
  'idempotency-replayed',
  'x-request-id',
  'retry-after',
  'www-authenticate',
  'ratelimit',
  'ratelimit-policy',
];

/** Headers that are documented everywhere and given to some. */
const sometimes = ['idempotency-replayed', 'access-control-allow-origin'];

/** The check against a document, as `GET /api/openapi.json` gives it. */
export function checkAgainst(document: unknown): Check {
  const { paths, components } = document as OpenApi;
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const known = new Map<object, ValidateFunction>();
  const templates = Object.keys(paths).toSorted((left, right) => left.split('{').length - right.split('{').length);
  const patterns = templates.map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/gu, '[^/]+')}/?$`, 'u'),
  }));
  const validatorOf = (schema: object): ValidateFunction => {
    const validate = known.get(schema) ?? ajv.compile({ ...schema, components });
    known.set(schema, validate);
    return validate;
  };
  return (method, path, { status, headers, body }) => {
    const { pathname } = new URL(path, 'http://localhost');
    const at = patterns.find(({ pattern }) => pattern.test(pathname))?.path;
    const operation = at === undefined ? undefined : paths[at]?.[method.toLowerCase()];
    const what = `${method} ${path} answered ${status}`;
    if (!operation) {
      if (!pathname.startsWith('/admin/') && ![404, 405].includes(status) && method !== 'OPTIONS') {
        throw new Undocumented(`${what}, and the reference lacks it`);
      }
      return;
    }
    const documented = operation.responses[status];
    if (!documented) {
      throw new Undocumented(`${what}, which the reference lacks: ${JSON.stringify(body)}`);
    }
    checkHeaders(what, status, headers, documented);
    checkBody(what, headers, body, documented, validatorOf);
  };
}

function checkHeaders(what: string, status: number, headers: Headers, documented: Documented): void {
  const names = Object.keys(documented.headers ?? {}).map((name) => name.toLowerCase());
  const silent = told.find((name) => headers.has(name) && !names.includes(name));
  const missing = names.find((name) => !headers.has(name) && !sometimes.includes(name));
  if (silent !== undefined || (missing !== undefined && status < 300)) {
    throw new Undocumented(
      `${what} with the headers ${[...headers.keys()].join(', ')}; documented are ${names.join(', ')}`,
    );
  }
}

function checkBody(
  what: string,
  headers: Headers,
  body: unknown,
  { content }: Documented,
  validatorOf: (schema: object) => ValidateFunction,
): void {
  const type = headers.get('content-type')?.split(';')[0] ?? 'nothing';
  const documented = new Map(Object.entries(content ?? {}).map(([name, media]) => [name.split(';')[0] ?? '', media]));
  const media = documented.get(type);
  if (!media && (documented.size > 0 || type !== 'nothing')) {
    throw new Undocumented(`${what} as ${type}; documented is ${[...documented.keys()].join() || 'nothing'}`);
  }
  const validate = media && /[/+]json$/u.test(type) ? validatorOf(media.schema) : undefined;
  if (validate && !validate(body)) {
    throw new Undocumented(`${what} otherwise than documented: ${ajvErrors(validate)} in ${JSON.stringify(body)}`);
  }
}

function ajvErrors({ errors }: ValidateFunction): string {
  return (errors ?? [])
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
    .join('; ');
}

interface AsyncApi {
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> };
}

/** Says no to a message that is not documented: its id in the document and what it carries. */
export type CheckMessage = (id: string, payload: unknown) => void;

/** The check against a document, as `GET /api/asyncapi.json` gives it. */
export function checkMessagesAgainst(document: unknown): CheckMessage {
  const { components } = document as AsyncApi;
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const known = new Map<string, ValidateFunction>();
  return (id, payload) => {
    const message = components.messages[id];
    if (!message) {
      throw new Undocumented(`The reference lacks the message ${id}`);
    }
    const validate = known.get(id) ?? ajv.compile({ ...message.payload, components });
    known.set(id, validate);
    if (!validate(payload)) {
      throw new Undocumented(
        `${id} is otherwise than documented: ${ajvErrors(validate)} in ${JSON.stringify(payload)}`,
      );
    }
  };
}

/** The id of what a socket was sent: events have one for each type. */
export function messageId(name: string, payload: unknown): string {
  return name === 'event' ? `event.${(payload as { event: { type: string } }).event.type}` : name;
}
