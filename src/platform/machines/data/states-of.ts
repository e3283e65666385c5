// The states of a chart by their paths, and the paths of where an instance stands. For impact and migrations.
import type { AnyStateMachine } from 'xstate';
import { chartOf, type AnyStateNode } from '../chart.ts';
import type { MachineDefinition } from '../definition.ts';
import type { StateValue } from '../kernel.ts';

const known = new WeakMap<AnyStateMachine, ReadonlyMap<string, AnyStateNode>>();

/** All states of a definition by path (`open.first`); the root's is empty. */
export function nodesByPath(definition: MachineDefinition): ReadonlyMap<string, AnyStateNode> {
  const { machine } = chartOf(definition);
  let nodes = known.get(machine);
  if (!nodes) {
    const all = (node: AnyStateNode): [string, AnyStateNode][] => [
      [node.path.join('.'), node],
      ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(all),
    ];
    nodes = new Map(all(machine.root as unknown as AnyStateNode));
    known.set(machine, nodes);
  }
  return nodes;
}

/** The paths of the innermost states of a value. */
export function innermostOf(value: StateValue, above = ''): string[] {
  const under = (name: string): string => (above === '' ? name : `${above}.${name}`);
  if (typeof value === 'string') {
    return [under(value)];
  }
  const members = Object.entries(value);
  return members.length === 0 ? [above] : members.flatMap(([name, inner]) => innermostOf(inner, under(name)));
}

/** The innermost states of a value that a definition lacks. */
export function missingIn(definition: MachineDefinition, value: StateValue): string[] {
  const nodes = nodesByPath(definition);
  return innermostOf(value).filter((path) => !nodes.has(path));
}
