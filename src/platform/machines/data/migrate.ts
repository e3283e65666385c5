// An instance moved to another version of its definition, at rest: the same state under its new name, the context patched,
// timers kept, restarted or dropped, children kept where they are still waited for. No action runs. Pure.
import type { AnyMachineSnapshot } from 'xstate';
import { chartOf, type AnyStateNode } from '../chart.ts';
import { childrenOf, generationsOf, type Child } from '../children.ts';
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import { toJson, type Json } from '../json.ts';
import type { StateValue, Step, Surroundings } from '../kernel.ts';
import { persist } from '../restore.ts';
import type { MachineInstance } from '../store.ts';
import { within } from '../surroundings.ts';
import { fromDate, fromJson, RuleError } from '../../rules/cel.ts';
import { stepValue, withinContext } from './evaluate.ts';
import { pointerTo, reasonOf, type Finding } from './findings.ts';
import { migratedEvent, migratedTimers } from './migrate-timers.ts';
import type { Migration, MigrationPlan, MigrationRefused } from './migration.ts';
import { innermostOf, nodesByPath } from './states-of.ts';
import { compileTemplate, migrationVariables } from './values.ts';

/** What of an instance a migration needs. */
type Migrant = Pick<MachineInstance, 'key' | 'status' | 'snapshot' | 'value' | 'context' | 'tags' | 'timers'>;

/**
 * Where an instance stands on another version, by a plan. Refused with all reasons where it cannot: `not-active`,
 * `state-unknown`, `state-missing`, `state-final`, `state-conflict`, `timer-unmatched`, `context`. Never throws for what a
 * plan or a definition does.
 */
export function migrated(
  instance: Migrant,
  from: MachineDefinition,
  to: MachineDefinition,
  plan: MigrationPlan,
  around: Surroundings,
): Migration | MigrationRefused {
  if (instance.status !== 'active') {
    return refused([{ code: 'not-active', path: '', detail: `${instance.key} has come to its end` }]);
  }
  const paths = innermostOf(instance.value).map((path) => [path, newPath(path, plan)] as const);
  const reasons = [...planErrors(plan, from), ...pathErrors(paths, to)];
  if (reasons.length > 0) {
    return refused(reasons);
  }
  try {
    return within({ ...around, tags: instance.tags }, () => arrival(instance, from, to, plan, around));
  } catch (error) {
    if (error instanceof MachineFault || error instanceof RuleError) {
      return refused([{ code: 'context', path: '/context', detail: reasonOf(error) }]);
    }
    throw error;
  }
}

function refused(reasons: readonly Finding[]): MigrationRefused {
  return { accepted: false, reasons };
}

/** The path of a state on the other side: the longest part of it that the plan names is replaced. */
function newPath(path: string, { states = {} }: MigrationPlan): string {
  const names = path.split('.');
  for (let length = names.length; length > 0; length -= 1) {
    const part = names.slice(0, length).join('.');
    if (Object.hasOwn(states, part)) {
      return [states[part], ...names.slice(length)].join('.');
    }
  }
  return path;
}

function planErrors({ states = {} }: MigrationPlan, from: MachineDefinition): Finding[] {
  const nodes = nodesByPath(from);
  return Object.keys(states)
    .filter((path) => !nodes.has(path))
    .map((path) => ({
      code: 'state-unknown',
      path: pointerTo('/states', path),
      detail: `Version ${from.version} has no state ${path}`,
    }));
}

function pathErrors(paths: readonly (readonly [string, string])[], to: MachineDefinition): Finding[] {
  const nodes = nodesByPath(to);
  return paths.flatMap(([old, path]) => {
    const node = nodes.get(path);
    const at = pointerTo('/states', old);
    if (!node) {
      return [{ code: 'state-missing', path: at, detail: `Version ${to.version} has no state ${path}` }];
    }
    const ends = node.type === 'history' || (node.type === 'final' && node.parent === nodes.get(''));
    return ends ? [{ code: 'state-final', path: at, detail: `Nobody is moved into ${path}: it is ${node.type}` }] : [];
  });
}

function arrival(
  instance: Migrant,
  from: MachineDefinition,
  to: MachineDefinition,
  plan: MigrationPlan,
  around: Surroundings,
): Migration | MigrationRefused {
  const value = valueOf(
    innermostOf(instance.value).map((path) => newPath(path, plan)),
    to,
  );
  if ('code' in value) {
    return refused([value]);
  }
  const context = contextOf(instance, plan, around);
  const chart = chartOf(to);
  const historyValue = historyOf(instance.snapshot, from, to, plan);
  const config = { value: value.tree as never, context: context as never, historyValue: historyValue as never };
  const after = chart.machine.resolveState(config) as AnyMachineSnapshot;
  const old = nodesById(from);
  const stateFor = (id: string): AnyStateNode | undefined => {
    const path = old.get(id);
    return path === undefined ? undefined : nodesByPath(to).get(newPath(path, plan));
  };
  const children = childrenAfter(instance.snapshot, after);
  const hears: Parameters<typeof migratedTimers>[2]['hears'] = ({ to: whom }) =>
    whom === 'parent' ||
    children.alive.some(({ id, generation, ended }) => id === whom.id && generation === whom.generation && !ended);
  const timers = migratedTimers(instance.timers, plan.timers ?? {}, { to, after, stateFor, hears });
  if (timers.reasons.length > 0) {
    return refused(timers.reasons);
  }
  const stored = persist(chart, after, children.alive, children.generations);
  const step: Step = {
    accepted: true,
    snapshot: stored,
    value: after.value as StateValue,
    status: after.status,
    context: stored.context,
    tags: [...after.tags],
    output: null,
    error: null,
    effects: [],
    timers: timers.drafts,
    cancels: [],
    spawns: children.spawns,
    sends: [],
    stops: children.stops,
  };
  return { accepted: true, step, timers: timers.timers, renamed: timers.renamed, dropped: timers.dropped };
}

interface Tree {
  readonly [name: string]: Tree;
}

/** A state value of these innermost states, or why there is none. */
function valueOf(paths: readonly string[], to: MachineDefinition): { readonly tree: Tree } | Finding {
  const nodes = nodesByPath(to);
  const tree: Record<string, Tree> = {};
  for (const path of paths) {
    let at = tree;
    let above = '';
    for (const name of path.split('.')) {
      if (nodes.get(above)?.type !== 'parallel' && Object.keys(at).some((other) => other !== name)) {
        const detail = `Two states that were active at once would both be the one of ${above || 'the machine'}`;
        return { code: 'state-conflict', path: '/states', detail };
      }
      at = (at[name] ??= {}) as Record<string, Tree>;
      above = above === '' ? name : `${above}.${name}`;
    }
  }
  return { tree };
}

function contextOf({ context, key }: Migrant, { context: patch = {} }: MigrationPlan, around: Surroundings): Json {
  const before = fromJson(context);
  const values = { context: before, id: key, now: fromDate(around.now), actor: around.actor };
  const evaluate = compileTemplate(patch as Json, migrationVariables);
  const patched = stepValue(evaluate, (name) =>
    Object.hasOwn(values, name) ? values[name as keyof typeof values] : undefined,
  );
  if (typeof patched !== 'object' || patched === null || Array.isArray(patched)) {
    throw new MachineFault('The new context is no object');
  }
  const after = toJson(
    '$cel' in patch ? patched : { ...(context as object), ...(patched as object) },
    'The new context',
  );
  withinContext(after);
  return after;
}

interface StoredHistory {
  readonly historyValue?: Readonly<Record<string, readonly { readonly id: string }[]>>;
}

/** What history states remember, under the new names; what the new version lacks is forgotten. */
function historyOf(
  snapshot: Json,
  from: MachineDefinition,
  to: MachineDefinition,
  plan: MigrationPlan,
): Record<string, AnyStateNode[]> {
  const old = nodesById(from);
  const nodes = nodesByPath(to);
  const found = (id: string): AnyStateNode | undefined => {
    const path = old.get(id);
    return path === undefined ? undefined : nodes.get(newPath(path, plan));
  };
  const { historyValue = {} } = snapshot as StoredHistory;
  const remembered = Object.entries(historyValue).flatMap(([id, states]) => {
    const history = found(id);
    const known = states.map((state) => found(state.id));
    return history?.type === 'history' && known.every((state) => state !== undefined)
      ? [[history.id, known as AnyStateNode[]] as const]
      : [];
  });
  return Object.fromEntries(remembered);
}

function nodesById(definition: MachineDefinition): Map<string, string> {
  return new Map([...nodesByPath(definition)].map(([path, { id }]) => [id, path]));
}

interface ChildrenAfter extends Pick<Step, 'spawns' | 'stops'> {
  readonly alive: readonly Child[];
  readonly generations: ReadonlyMap<string, number>;
}

/** Children go on where the new states invoke the same under the same id; the others end, and those that lack begin. */
function childrenAfter(snapshot: Json, after: AnyMachineSnapshot): ChildrenAfter {
  const generations = generationsOf(snapshot);
  const before = childrenOf(snapshot);
  const nodes = after._nodes as unknown as readonly AnyStateNode[];
  const wanted = nodes.flatMap((node) => node.invoke as unknown as readonly Invoked[]);
  const goesOn = ({ id, src, invoked }: Child): boolean =>
    !invoked || wanted.some((invoke) => invoke.id === id && invoke.src === src);
  const kept = before.filter(goesOn);
  const spawns = wanted
    .filter(({ id }) => !kept.some((child) => child.id === id))
    .map(({ id, src, input }) => {
      const generation = (generations.get(id) ?? 0) + 1;
      generations.set(id, generation);
      const given: unknown =
        typeof input === 'function' ? (input as Input)({ context: after.context, event: migratedEvent }) : input;
      return { id, generation, src, input: toJson(given ?? null, `The input of ${id}`), invoked: true };
    });
  const begun = spawns.map(({ input: _input, ...child }): Child => ({ ...child, ended: false }));
  const stops = before
    .filter((child) => !goesOn(child) && !child.ended)
    .map(({ id, generation }) => ({ id, generation }));
  return { alive: [...kept, ...begun], generations, spawns, stops };
}

interface Invoked {
  readonly id: string;
  readonly src: string;
  readonly input?: unknown;
}

type Input = (args: { readonly context: unknown; readonly event: { readonly type: string } }) => unknown;
