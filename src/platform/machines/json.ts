// What may be stored of a machine: plain JSON. Called by the kernel for context, effects and events.
import { unstorableName } from '../mongo/storable.ts';
import { MachineFault } from './fault.ts';

/** A value that survives JSON and BSON unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/**
 * A deep copy in plain JSON; members that are `undefined` are left out. A value that would come back as something
 * else (Date, Map, bigint, NaN, function) throws a MachineFault that names its place: a chart must not find out later.
 */
export function toJson(value: unknown, place: string): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return value;
  }
  if (typeof value === 'number' && Number.isFinite(value)) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => toJson(item, `${place}[${index}]`));
  }
  if (typeof value === 'object' && isPlain(value)) {
    return membersToJson(value, place);
  }
  throw new MachineFault(`${place} is not plain JSON: keep numbers, strings, booleans, null, arrays and objects there`);
}

function membersToJson(value: object, place: string): Json {
  const copy: Record<string, Json> = {};
  const unstorable = unstorableName(value);
  if (unstorable !== null) {
    throw reserved(place, unstorable);
  }
  for (const [name, member] of Object.entries(value)) {
    // XState turns objects with this member into actor references when it restores them.
    if (name === 'xstate$$type' || name === '__proto__') {
      throw reserved(place, name);
    }
    if (member !== undefined) {
      copy[name] = toJson(member, `${place}.${name}`);
    }
  }
  return copy;
}

function reserved(place: string, name: string): MachineFault {
  return new MachineFault(`${place} has the member ${name}, which is reserved: give it another name`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
