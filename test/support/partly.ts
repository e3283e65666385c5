// Comparing what a test is about, and leaving out what it is not.
import assert from 'node:assert/strict';

/** Of `actual` what `expected` has: members of objects, elements of lists by their place. */
function likened(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.slice(0, expected.length).map((one, index) => likened(one, expected[index]));
  }
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) {
    return actual;
  }
  const members = Object.entries(actual).filter(([name]) => Object.hasOwn(expected, name));
  return Object.fromEntries(
    members.map(([name, member]) => [name, likened(member, (expected as Record<string, unknown>)[name])]),
  );
}

/** Asserts that `actual` has all of `expected`, whatever it has besides. @throws AssertionError */
export function assertPartly(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(likened(actual, expected), expected, message);
}
