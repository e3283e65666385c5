// From a definition as data to one the kernel runs like any other: the same chart a hand would write with XState, with
// expressions of CEL where its functions would stand.
import { createMachine, type AnyStateMachine } from 'xstate';
import { chartOf } from '../chart.ts';
import type { MachineDefinition, MachineEvent, MachinePeople } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import type { Json } from '../json.ts';
import { fromJson } from '../../rules/cel.ts';
import { compileActions, delayOf, guardOf, valueOf, type Parts } from './compile-parts.ts';
import { birthValues, stepValue, withinContext } from './evaluate.ts';
import { DefinitionError, reasonOf } from './findings.ts';
import { zodOf, type JsonSchema } from './json-schema.ts';
import {
  listOf,
  transitionsOf,
  type Cel,
  type DefinitionSource,
  type InvokeSource,
  type StateSource,
  type TransitionSource,
  type TransitionsSource,
} from './source.ts';
import { birthVariables, compileTemplate, peopleVariables } from './values.ts';

/**
 * Compiles a definition that `parseDefinition` let through. Throws DefinitionError where an expression cannot be read or
 * a target is none; everything else that lint finds leaves a chart that can be run.
 */
export function compileDefinition(
  source: DefinitionSource,
  { type, version }: { readonly type: string; readonly version: number },
): MachineDefinition {
  try {
    const definition: MachineDefinition = {
      type,
      version,
      machine: machineOf(source, type),
      input: zodOf(source.input ?? nothing),
      events: Object.fromEntries(Object.entries(source.events ?? {}).map(([name, event]) => [name, eventOf(event)])),
      access: source.access ?? { create: ['operator'], read: ['owner', 'member'] },
      early: source.early ?? 'reject',
      people: peopleOf(type, source),
    };
    chartOf(definition);
    return definition;
  } catch (error) {
    throw new DefinitionError([{ code: 'compile', path: '', detail: reasonOf(error) }]);
  }
}

const nothing: JsonSchema = { type: 'object' };

function eventOf({
  payload = nothing,
  from,
  early,
  task,
}: NonNullable<DefinitionSource['events']>[string]): MachineEvent {
  return {
    payload: zodOf(payload),
    from,
    ...(early === undefined ? {} : { early }),
    ...(task === undefined ? {} : { task }),
  };
}

function machineOf(source: DefinitionSource, type: string): AnyStateMachine {
  const parts: Parts = { actions: {}, guards: {}, delays: {} };
  const config = { ...stateOf(source, parts), id: type, context: contextOf(source) };
  // XState's types want to know a chart that is written down; this one is read.
  return createMachine(config as never, parts as never) as unknown as AnyStateMachine;
}

interface Birth {
  readonly input: { readonly id: string; readonly [member: string]: unknown };
}

function contextOf({ context = {} }: DefinitionSource): (birth: Birth) => unknown {
  const evaluate = compileTemplate(context, birthVariables);
  return ({ input: { id, ...input } }) => {
    const made = stepValue(evaluate, birthValues(id, input as Json));
    withinContext(made);
    return made;
  };
}

function stateOf(source: StateSource, parts: Parts): Record<string, unknown> {
  const { id, type, initial, history, target, states, tags, meta, description } = source;
  const plain = { id, type, initial, history, target, meta, description };
  const move = (given: TransitionsSource | undefined): unknown =>
    given === undefined ? undefined : transitionsOf(given).map((one) => moveOf(one, parts));
  return defined({
    ...plain,
    tags: listOf(tags),
    states: states && mapped(states, (inner) => stateOf(inner, parts)),
    on: source.on && mapped(source.on, move),
    after: afterOf(source.after, parts),
    always: move(source.always),
    onDone: move(source.onDone),
    invoke: listOf(source.invoke).map((one) => invokeOf(one, parts)),
    entry: compileActions(source.entry, parts),
    exit: compileActions(source.exit, parts),
    output: source.output === undefined ? undefined : valueOf(source.output),
  });
}

function moveOf({ target, guard, actions, reenter, description, meta }: TransitionSource, parts: Parts): object {
  return defined({
    target,
    guard: guard === undefined ? undefined : guardOf(guard, parts),
    actions: compileActions(actions, parts),
    reenter,
    description,
    meta,
  });
}

function afterOf(after: StateSource['after'], parts: Parts): Record<string, object[]> | undefined {
  if (!after) {
    return undefined;
  }
  const entries: [string | number | Cel, TransitionSource][] = Array.isArray(after)
    ? (after as Exclude<typeof after, Readonly<Record<string, TransitionsSource>>>).map(({ delay, ...one }) => [
        delay,
        one,
      ])
    : Object.entries(after as Readonly<Record<string, TransitionsSource>>).flatMap(([delay, given]) =>
        transitionsOf(given).map((one): [string, TransitionSource] => [delay, one]),
      );
  const byDelay: Record<string, object[]> = {};
  for (const [delay, one] of entries) {
    (byDelay[delayOf(delay, parts)] ??= []).push(moveOf(one, parts));
  }
  return byDelay;
}

function invokeOf({ id, src, input, onDone, onError }: InvokeSource, parts: Parts): object {
  const move = (given: TransitionsSource | undefined): unknown =>
    given === undefined ? undefined : transitionsOf(given).map((one) => moveOf(one, parts));
  return defined({
    id,
    src,
    input: input === undefined ? undefined : valueOf(input),
    onDone: move(onDone),
    onError: move(onError),
  });
}

function peopleOf(type: string, { owner, members }: DefinitionSource): MachineDefinition['people'] {
  const ownerIn = compileTemplate((owner ?? null) as Json, peopleVariables);
  const membersIn = compileTemplate((members ?? []) as Json, peopleVariables);
  return (id, context): MachinePeople => {
    try {
      const seen = fromJson(context);
      const variables = (name: string) => (name === 'context' ? seen : name === 'id' ? id : undefined);
      return { owner: ownerFrom(ownerIn(variables)), members: membersFrom(membersIn(variables)) };
    } catch (error) {
      throw new MachineFault(`The machine ${type} does not say whom it concerns`, error);
    }
  };
}

function ownerFrom(value: Json): string | null {
  if (value !== null && typeof value !== 'string') {
    throw new Error('its owner is no id of a user');
  }
  return value;
}

function membersFrom(value: Json): readonly string[] {
  if (!Array.isArray(value) || !value.every((member) => typeof member === 'string')) {
    throw new Error('its members are no list of ids');
  }
  return value;
}

function mapped<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** Without the members that are `undefined`: to XState a member is there or not. */
function defined(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
