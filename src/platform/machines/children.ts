// The children of an instance, as its snapshot keeps them: who they are and which life of theirs is meant. What they do
// lives elsewhere. Called by the kernel.
import type { AnyMachineSnapshot } from 'xstate';
import type { Json } from './json.ts';
import type { ChildRef } from './step.ts';

/** A child an instance has begun and not ended. */
export interface Child extends ChildRef {
  readonly src: string;
  readonly invoked: boolean;
  /** It has come to its end by itself; its name is kept, so that speaking to it is no error. */
  readonly ended: boolean;
}

interface StoredChildren {
  readonly children?: Readonly<Record<string, Omit<Child, 'id'>>>;
  /** The last life of every child there ever was, by its id. */
  readonly generations?: Readonly<Record<string, number>>;
}

/** The children in a stored snapshot, in the order they were begun. */
export function childrenOf(snapshot: Json): Child[] {
  const { children } = snapshot as StoredChildren;
  return Object.entries(children ?? {}).map(([id, child]) => ({ ...child, id }));
}

/** The last number of each child's lives. */
export function generationsOf(snapshot: Json): Map<string, number> {
  return new Map(Object.entries((snapshot as StoredChildren).generations ?? {}));
}

/** Puts the children of the stored snapshot into the restored one. */
export function withChildren(restored: AnyMachineSnapshot, stored: Json): AnyMachineSnapshot {
  const children = childrenOf(stored);
  // XState asks of a child no more than its id.
  return children.length === 0
    ? restored
    : Object.assign(restored, { children: Object.fromEntries(children.map((child) => [child.id, child])) });
}

/** The stored form of children. */
export function storedChildren(
  children: readonly Child[],
  generations: ReadonlyMap<string, number>,
): Record<'children' | 'generations', Json> {
  const byId = children.map(({ id, generation, src, invoked, ended }) => [id, { generation, src, invoked, ended }]);
  return { children: Object.fromEntries(byId) as Json, generations: Object.fromEntries(generations) };
}
