// What a definition may be at all, before anything walks it: plain JSON of bounded size and depth. Called by schema.ts.
import { canonicalJson } from '../../ids.ts';
import { pointerTo, type Finding } from './findings.ts';

/** How large a definition may be. */
export const definitionBounds = Object.freeze({
  /** Of its canonical JSON. */
  bytes: 64 * 1024,
  states: 300,
  /** States inside one another, the root not counted. */
  depth: 8,
  /** Objects and lists inside one another. */
  nesting: 40,
});

const forbidden: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', 'xstate$$type']);

/** True for names that every object of JavaScript has already. */
export function isInherited(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}

interface Place {
  readonly value: unknown;
  readonly depth: number;
  readonly path: string;
}

/** Null, or why a value is not even read. Takes a bounded number of steps, whatever it is given. */
export function outOfBounds(source: unknown): Finding | null {
  let size = 0;
  const stack: Place[] = [{ value: source, depth: 0, path: '' }];
  for (let place = stack.pop(); place; place = stack.pop()) {
    const { value, depth, path } = place;
    size += sizeOf(value);
    const wrong = problemOf(place, size);
    if (wrong !== null) {
      return wrong;
    }
    if (typeof value === 'object' && value !== null) {
      const room = definitionBounds.bytes - size;
      const names = Object.keys(value);
      if (names.length > room) {
        return tooLarge;
      }
      const reserved = names.find((name) => !Array.isArray(value) && forbidden.has(name));
      if (reserved !== undefined) {
        return {
          code: 'reserved-name',
          path: pointerTo(path, reserved),
          detail: `${reserved} is no name for a member`,
        };
      }
      size += Array.isArray(value) ? 0 : names.reduce((sum, name) => sum + name.length + 3, 0);
      const members = value as Record<string, unknown>;
      names.forEach((name) => stack.push({ value: members[name], depth: depth + 1, path: pointerTo(path, name) }));
    }
  }
  return Buffer.byteLength(canonicalJson(source)) > definitionBounds.bytes ? tooLarge : null;
}

const tooLarge: Finding = {
  code: 'too-large',
  path: '',
  detail: `The definition is larger than ${definitionBounds.bytes / 1024} KB as JSON`,
};

/** At least what a value takes as JSON, without what is inside it. */
function sizeOf(value: unknown): number {
  return typeof value === 'string' ? value.length + 2 : 1;
}

function problemOf({ value, depth, path }: Place, size: number): Finding | null {
  if (size > definitionBounds.bytes) {
    return tooLarge;
  }
  if (depth > definitionBounds.nesting) {
    return { code: 'too-deep', path, detail: `Nothing may stand more than ${definitionBounds.nesting} levels deep` };
  }
  return isJson(value) ? null : { code: 'schema', path, detail: 'This is not plain JSON' };
}

function isJson(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype || prototype === Array.prototype;
  }
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
