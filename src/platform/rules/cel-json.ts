// JSON as CEL sees it and back. Used by cel.ts and by whoever feeds rules from documents.
//
// Numbers: a whole number of JSON up to 2^53 - 1 is an `int`, any other a `double`; an int and a double may be added,
// subtracted, multiplied, divided and compared, and come to a double. `/` between two ints drops the rest, as CEL has it:
// `double(context.price) / 2.0` where the price may be whole. Back, an int or uint beyond 2^53 - 1, NaN and the infinities
// are errors: JSON would change them in silence.
// Times: JSON has none, so they are texts; `timestamp(context.dueAt)` reads one. Back, a timestamp is an ISO 8601 text in
// UTC with milliseconds, a duration an ISO 8601 duration in seconds. Bytes, types and messages have no JSON: errors.
import {
  celEnv,
  celMap,
  celType,
  isCelList,
  isCelMap,
  isCelUint,
  parse,
  plan,
  type CelInput,
  type CelValue,
} from '@bufbuild/cel';
import { unstorableName } from '../mongo/storable.ts';

/** Parts of a value that an expression may come to. */
const maxParts = 10_000;

/** A value without JSON, or one that JSON would change. */
export class NotJson extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotJson';
  }
}

const environment = celEnv();
const toTimestamp = plan(environment, parse('timestamp(text)'));
const toText = plan(environment, parse('string(value)'));

/** A moment as a timestamp of CEL. */
export function fromDate(date: Date): CelInput {
  return toTimestamp({ text: date.toISOString() }) as CelInput;
}

/** A value of JSON as CEL sees it. Members that are `undefined` are left out. */
export function fromJson(value: unknown): CelInput {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) {
    return value.map(fromJson);
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    // A Map, because CEL's own reading of objects looks at their constructor.
    return celMap(new Map(members.map(([name, member]) => [name, fromJson(member)])));
  }
  return value as CelInput;
}

/** What an expression came to, as JSON. Throws NotJson. */
export function toJsonValue(value: CelValue): unknown {
  let parts = 0;
  const convert = (one: CelValue): unknown => {
    parts += 1;
    // The same part may stand in a value often: small to hold, endless to write.
    if (parts > maxParts) {
      throw new NotJson(`comes to more than ${maxParts} values`);
    }
    if (isCelList(one)) {
      return Array.from(one, convert);
    }
    return isCelMap(one) ? membersOf(one, convert) : scalarOf(one);
  };
  return convert(value);
}

function membersOf(map: Iterable<[unknown, CelValue]>, convert: (value: CelValue) => unknown): object {
  const members: [string, unknown][] = [];
  for (const [name, member] of map) {
    if (typeof name !== 'string') {
      throw new NotJson('comes to a map whose keys are not texts');
    }
    if (name === '__proto__') {
      throw new NotJson('comes to a map with the key __proto__');
    }
    members.push([name, convert(member)]);
  }
  const object = Object.fromEntries(members);
  const unstorable = unstorableName(object);
  if (unstorable !== null) {
    throw new NotJson(`comes to a map with the key ${unstorable}, which cannot be kept`);
  }
  return object;
}

function scalarOf(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return value;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw new NotJson('comes to a number that is not finite');
    }
    return value;
  }
  if (typeof value === 'bigint' || isCelUint(value)) {
    const number = Number(typeof value === 'bigint' ? value : value.value);
    if (!Number.isSafeInteger(number)) {
      throw new NotJson('comes to a whole number beyond 2^53 - 1');
    }
    return number;
  }
  return timeOf(value);
}

function timeOf(value: CelValue): string {
  const { name } = celType(value);
  if (name === 'google.protobuf.Timestamp') {
    return new Date(toText({ value }) as string).toISOString();
  }
  if (name === 'google.protobuf.Duration') {
    const seconds = (toText({ value }) as string).slice(0, -1);
    return seconds.startsWith('-') ? `-PT${seconds.slice(1)}S` : `PT${seconds}S`;
  }
  throw new NotJson(`comes to a ${name}, which JSON does not have`);
}
