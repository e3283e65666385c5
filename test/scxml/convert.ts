// From SCXML to a definition of ours: states, transitions, history and children of the published test cases. What XState
// leaves out of them is refused: foreach, script, idlocation, donedata, BasicHTTP.
import { createMachine, stateIn } from 'xstate';
import { not } from 'xstate/guards';
import { z } from 'zod';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { contentOf, type BuiltIn } from './content.ts';
import { datamodelOf, type Context, type Datamodel, type SeenEvent } from './datamodel.ts';
import { allOf, inside, parseScxml, type Element } from './xml.ts';

/** A document as a definition, and those of the children it begins, by their `src`. */
export interface Converted {
  readonly definition: MachineDefinition;
  readonly children: Readonly<Record<string, MachineDefinition>>;
}

/** Converts a document. Events it does not name itself are declared by `events`. Throws on what is not supported. */
export function convert(text: string, type: string, events: readonly string[] = []): Converted {
  const children: Record<string, MachineDefinition> = {};
  return { definition: definitionOf(parseScxml(text), type, events, children), children };
}

/** A state's id as a key of ours: dots mean something else there. */
export function keyOf(id: string): string {
  return id.replaceAll('.', '-');
}

function definitionOf(
  scxml: Element,
  type: string,
  events: readonly string[],
  children: Record<string, MachineDefinition>,
): MachineDefinition {
  const model = datamodelOf(scxml);
  const named = allOf(scxml).flatMap(({ attributes }) => attributes['event']?.split(/\s+/u) ?? []);
  const declared = [...new Set([...events, ...named])].filter((name) => !name.includes('*'));
  const config = { ...new States(model, type, children).of(scxml), id: type, context: model.initial };
  return {
    type,
    version: 1,
    machine: createMachine(config as never),
    input: z.strictObject({}),
    events: Object.fromEntries(
      declared.map((name) => [name, { payload: z.looseObject({}), from: ['operator'] } as const]),
    ),
    access: { create: ['operator'], read: ['operator'] },
    early: 'reject',
    people: () => ({ owner: null, members: [] }),
  };
}

interface Guarded {
  readonly context: unknown;
  readonly event: SeenEvent;
}

interface Transition {
  readonly target?: readonly string[];
  readonly reenter?: true;
  readonly guard?: unknown;
  readonly actions: readonly BuiltIn[];
}

class States {
  private readonly model: Datamodel;
  private readonly type: string;
  private readonly children: Record<string, MachineDefinition>;
  private unnamed = 0;

  constructor(model: Datamodel, type: string, children: Record<string, MachineDefinition>) {
    this.model = model;
    this.type = type;
    this.children = children;
  }

  /** The configuration of one state, or of the document. */
  of(element: Element): Record<string, unknown> {
    const { name, attributes } = element;
    if (name === 'history') {
      const [{ attributes: where } = element] = inside(element, 'transition');
      return { id: this.idOf(element), type: 'history', history: attributes['type'] ?? 'shallow', ...targetOf(where) };
    }
    const inner = inside(element, 'state', 'parallel', 'final', 'history');
    const states = inner.map((child) => ({ child, config: this.of(child) }));
    const transitions = inside(element, 'transition');
    return {
      ...(name === 'scxml' ? {} : { id: this.idOf(element) }),
      ...(name === 'parallel' || name === 'final' ? { type: name } : {}),
      ...(inner.length > 0 && name !== 'parallel' ? { initial: initialOf(element, inner) } : {}),
      ...(inner.length > 0 && {
        states: Object.fromEntries(states.map(({ config }) => [config['id'] as string, config])),
      }),
      entry: inside(element, 'onentry').flatMap((block) => contentOf(block, this.model)),
      exit: inside(element, 'onexit').flatMap((block) => contentOf(block, this.model)),
      invoke: inside(element, 'invoke').map((child) => this.invoke(child)),
      always: transitions
        .filter(({ attributes: { event } }) => event === undefined)
        .map((one) => this.taken(one, name)),
      on: this.on(element, transitions),
    };
  }

  private idOf({ attributes, name }: Element): string {
    this.unnamed += attributes['id'] === undefined ? 1 : 0;
    return keyOf(attributes['id'] ?? `${name}-${this.unnamed}`);
  }

  private on(element: Element, transitions: readonly Element[]): Record<string, Transition[]> {
    const on: Record<string, Transition[]> = {};
    for (const transition of transitions) {
      for (const descriptor of transition.attributes['event']?.split(/\s+/u) ?? []) {
        (on[descriptorOf(descriptor)] ??= []).push(this.taken(transition, element.name));
      }
    }
    return on;
  }

  private taken(transition: Element, source: string): Transition {
    const { cond, type } = transition.attributes;
    const target = targetOf(transition.attributes);
    return {
      ...target,
      // The root is never left.
      ...('target' in target && type !== 'internal' && source !== 'scxml' ? { reenter: true } : {}),
      ...(cond === undefined ? {} : { guard: this.guard(cond) }),
      actions: contentOf(transition, this.model),
    };
  }

  private guard(cond: string): unknown {
    const [, negated, state] = /^(!?)In\('(.+)'\)$/u.exec(cond) ?? [];
    if (state !== undefined) {
      const within = stateIn(`#${keyOf(state)}`);
      return negated ? not(within) : within;
    }
    return ({ context, event }: Guarded) => Boolean(this.model.evaluate(cond, context as Context, event));
  }

  private invoke(element: Element): { id: string; src: string } {
    const [document] = inside(element, 'content').flatMap((content) => inside(content, 'scxml'));
    if (!document) {
      throw new Error('Only an <invoke> with its document inside is supported');
    }
    const src = `${this.type}-child-${Object.keys(this.children).length + 1}`;
    this.children[src] = definitionOf(document, src, [], this.children);
    return { id: element.attributes['id'] ?? src, src };
  }
}

function initialOf(element: Element, inner: readonly Element[]): string {
  const [way] = inside(element, 'initial').flatMap((initial) => inside(initial, 'transition'));
  const first = inner.find(({ name }) => name !== 'history');
  return keyOf(way?.attributes['target'] ?? element.attributes['initial'] ?? first?.attributes['id'] ?? '');
}

function targetOf({ target }: Readonly<Record<string, string>>): { target: string[] } | Record<never, never> {
  return target === undefined
    ? {}
    : {
        target: target
          .trim()
          .split(/\s+/u)
          .map((id) => `#${keyOf(id)}`),
      };
}

/** SCXML matches by prefix, token by token; what the platform sends itself has other names here. */
function descriptorOf(token: string): string {
  if (token === '*') {
    return token;
  }
  const own = token
    .replace(/^done\.state\b/u, 'xstate.done.state')
    .replace(/^done\.invoke\b/u, 'xstate.done.actor')
    .replace(/^error\b/u, 'xstate.error');
  return own.endsWith('.*') ? own : `${own}.*`;
}
