// What is different between two versions of a definition, and whether instances of the one can stand in the other.
import { canonicalJson } from '../../ids.ts';
import { modelOf, type Model, type ModelState, type Move } from './model.ts';
import type { DefinitionSource, StateSource } from './source.ts';

/** Names of what came, went and is not as it was. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** The difference of two versions. */
export interface DefinitionDiff {
  /** By path: `open.first`; the machine as a whole has an empty one. */
  readonly states: Changes;
  readonly events: Changes;
  /** In words: `open on SIGN`, `open after P3D`, the second of a list with ` (2)`. */
  readonly transitions: Changes;
  /** Further members of the definition that are not as they were. */
  readonly other: readonly string[];
  /** Every state of the old one is in the new one. */
  readonly compatible: boolean;
  readonly missing: readonly string[];
}

/** The difference of two definitions that the schema lets through. */
export function diffDefinitions(before: DefinitionSource, after: DefinitionSource): DefinitionDiff {
  const [old, next] = [modelOf(before, null), modelOf(after, null)];
  const states = changesOf(byPath(old), byPath(next));
  return {
    states,
    events: changesOf(new Map(Object.entries(before.events ?? {})), new Map(Object.entries(after.events ?? {}))),
    transitions: changesOf(byWords(old), byWords(next)),
    other: rootMembers.filter((name) => text(before[name]) !== text(after[name])),
    compatible: states.removed.length === 0,
    missing: states.removed,
  };
}

const rootMembers = ['input', 'context', 'access', 'early', 'owner', 'members'] as const;

function text(value: unknown): string {
  return canonicalJson(value ?? null);
}

function changesOf(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): Changes {
  const names = [...before.keys()];
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: names.filter((name) => !after.has(name)),
    changed: names.filter((name) => after.has(name) && text(before.get(name)) !== text(after.get(name))),
  };
}

function byPath({ states }: Model): Map<string, unknown> {
  return new Map(states.map((state) => [state.path, ownOf(state)]));
}

/** A state without the states inside it and without its transitions. */
function ownOf({ written, invokes }: ModelState): unknown {
  const { type, id, initial, history, target, entry, exit, tags, meta, description, output }: StateSource = written;
  const children = invokes.map(({ written: { id: child, src, input } }) => ({ id: child, src, input }));
  return { type, id, initial, history, target, entry, exit, tags, meta, description, output, children };
}

function byWords({ states }: Model): Map<string, unknown> {
  return new Map(
    states.flatMap(({ moves }) =>
      moves.flatMap((list) => list.map((move, index) => [wordsOf(move, index), move.written] as const)),
    ),
  );
}

function wordsOf({ kind, on, source: { path } }: Move, index: number): string {
  const what = {
    event: `on ${on}`,
    after: `after ${on}`,
    always: 'always',
    done: 'when it is done',
    'child-done': `when ${on} is done`,
    'child-error': `when ${on} failed`,
  }[kind];
  return `${path === '' ? '(machine)' : path} ${what}${index === 0 ? '' : ` (${index + 1})`}`;
}
