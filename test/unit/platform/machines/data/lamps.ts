// Small definitions for the tests of lint: what is around a state or two, and the parts that stand in them.
import type { Finding } from '#src/platform/machines/data/data.ts';
import { effects } from './signing.ts';

export const options = { effects, type: 'lamp', machines: ['lamp', 'bulb'] };
export const end = { type: 'final' };
/** A definition of one event GO around some states, the last of them an end. */
export const around = (states: object, more: object = {}): object => ({
  events: { GO: { from: ['owner'] } },
  initial: 'a',
  states: { ...states, end },
  ...more,
});
export const toEnd = { on: { GO: 'end' } };
export const says = (findings: readonly Finding[]): string[] => findings.map(({ code, path }) => `${code} ${path}`);

export function patterned(pattern: string): object {
  return { type: 'object', properties: { x: { type: 'string', pattern } } };
}

export function many(count: number): object {
  const states = Array.from({ length: count }, (_, index) => [`s${index}`, { on: { GO: 'end' } }] as const);
  return { a: { on: { GO: 's0' } }, ...Object.fromEntries(states) };
}

export function nested(depth: number): object {
  return depth === 0 ? { type: 'final' } : { initial: 's', states: { s: nested(depth - 1) } };
}

export function deep(depth: number): object {
  return depth === 0 ? {} : { a: deep(depth - 1) };
}

export function raise(type: string, delay?: number | string): object {
  return { type: 'raise', params: { event: { type }, id: 'tick', ...(delay === undefined ? {} : { delay }) } };
}

export function child(id: string): object {
  return { id, src: 'bulb', onError: 'end' };
}

export function grant(params: object): object {
  return { type: 'grant-xp', params };
}
