// What MongoDB can keep of foreign JSON and give back as it was. Asked by whatever takes JSON in or makes it.
import { limits } from '#config/limits.ts';

/**
 * The name because of which an object cannot be kept; null where there is none. The driver does not write NUL, takes
 * `_bsontype` for a type of its own, and reads what has both `$ref` and `$id` as a reference instead of an object: one
 * such member would spoil the write, or every later read, of all the rows beside it.
 */
export function unstorableName(members: object): string | null {
  const names = Object.keys(members);
  const wrong = names.find((name) => name === '_bsontype' || name.includes('\0'));
  return wrong ?? (Object.hasOwn(members, '$ref') && Object.hasOwn(members, '$id') ? '$ref' : null);
}

/** False for JSON that MongoDB cannot keep, or that is nested too deep. */
export function isStorable(json: unknown): boolean {
  const waiting = [{ value: json, depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) {
      continue;
    }
    if (depth > limits.bodyDepth || unstorableName(value) !== null) {
      return false;
    }
    Object.values(value).forEach((member: unknown) => waiting.push({ value: member, depth: depth + 1 }));
  }
  return true;
}
