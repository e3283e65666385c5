// Lint of effects: they are known, and what is given to them fits, as far as it is written down.
import type { z } from 'zod';
import { effectPrefix } from '../effects.ts';
import type { Json } from '../json.ts';
import { isOwnAction } from './action-schema.ts';
import { pointerTo, type Finding, type Lint } from './findings.ts';
import type { Subject } from './subject.ts';
import { placedActions } from './lint-names.ts';
import { celOf } from './source.ts';
import { holesOf, type Hole } from './values.ts';

/** Effects nobody knows, params that do not fit, and events emitted under another's name. */
export function effectFindings({ model: { states }, options: { effects, type } }: Subject): Lint {
  const actions = placedActions(states).filter(({ action }) => !isOwnAction(action.type));
  const invoked = states
    .flatMap(({ invokes }) => invokes)
    .filter(({ written }) => written.src.startsWith(effectPrefix));
  return {
    errors: [
      ...actions.flatMap(({ pointer, action }) => {
        const known = effects.get(action.type);
        return known
          ? paramErrors(known.input, action.params ?? {}, pointerTo(pointer, 'params'))
          : [unknown('unknown-action', pointer, action.type)];
      }),
      ...actions.flatMap(({ pointer, action }) =>
        action.type === 'emit' && type !== undefined ? emitErrors(action.params?.['type'], type, pointer) : [],
      ),
      ...invoked.flatMap(({ pointer, written: { src, input } }) => {
        const known = effects.get(src.slice(effectPrefix.length));
        return known
          ? paramErrors(known.input, input ?? {}, pointerTo(pointer, 'input'))
          : [unknown('unknown-effect', pointerTo(pointer, 'src'), src)];
      }),
    ],
    warnings: [],
  };
}

function unknown(code: string, path: string, name: string): Finding {
  return { code, path, detail: `There is no effect ${name}` };
}

function emitErrors(emitted: Json | undefined, type: string, pointer: string): Finding[] {
  return typeof emitted === 'string' && !emitted.startsWith(`${type}.`)
    ? [
        {
          code: 'emit-type',
          path: pointerTo(pointer, 'params', 'type'),
          detail: `A machine speaks for itself only: the types of its events begin with ${type}.`,
        },
      ]
    : [];
}

/** What a schema says of params in which expressions stand, as far as it is not about those. */
function paramErrors(schema: z.ZodType, params: Json, pointer: string): Finding[] {
  if (celOf(params) !== null) {
    return [];
  }
  const holes = holesOf(params);
  return issuesOf(schema, params)
    .filter((issue) => !isAboutAHole(issue, holes))
    .map((issue) => ({ code: 'params', path: pointerTo(pointer, ...issue.path), detail: issue.message }));
}

function issuesOf(schema: z.ZodType, params: Json): readonly z.core.$ZodIssue[] {
  try {
    return schema.safeParse(params).error?.issues ?? [];
  } catch {
    // A refinement of the effect that cannot look at an expression: it will look at what that comes to.
    return [];
  }
}

function isAboutAHole({ path, code }: z.core.$ZodIssue, holes: readonly Hole[]): boolean {
  const begins = (whole: readonly PropertyKey[], part: readonly PropertyKey[]): boolean =>
    part.every((member, index) => member === whole[index]);
  return holes.some((hole) => begins(path, hole.path) || (begins(hole.path, path) && code !== 'unrecognized_keys'));
}
