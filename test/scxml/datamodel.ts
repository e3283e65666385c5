// The data model `ecmascript` of SCXML: expressions of the test cases, evaluated over a context that is plain JSON.
import { compileFunction } from 'node:vm';
import { toJson, type Json } from '#src/platform/machines/json.ts';
import { allOf, type Element } from './xml.ts';

export type Context = Readonly<Record<string, Json | undefined>>;

/** An event as a chart sees it. */
export interface SeenEvent {
  readonly type: string;
  readonly data?: unknown;
}

/** The data of one document. */
export interface Datamodel {
  /** The context at the start. */
  readonly initial: () => Record<string, Json>;
  readonly evaluate: (expression: string, context: Context, event: SeenEvent) => unknown;
  /** What a variable is kept as; undefined is not kept, and reads as undefined again. */
  readonly kept: (value: unknown) => Json | undefined;
}

const session = 'session';

/** What every expression sees besides the data. */
const surroundings: Readonly<Record<string, unknown>> = {
  _sessionid: session,
  _name: 'scxml',
  // An address of the session itself.
  _ioprocessors: { basichttp: { location: `#_scxml_${session}` } },
};

/** The data model of a document: all of its variables, of whatever state. */
export function datamodelOf(scxml: Element): Datamodel {
  const own = allOf(scxml).filter((element) => !inChild(scxml, element));
  const data = own.filter(({ name }) => name === 'data');
  const written = own.filter(({ name }) => name === 'assign').map(({ attributes }) => attributes['location']!);
  const names = [...new Set([...data.map(({ attributes }) => attributes['id']!), ...written])];
  const seen = [...names, '_event', ...Object.keys(surroundings)];
  const compiled = new Map<string, (...values: unknown[]) => unknown>();
  const evaluate: Datamodel['evaluate'] = (expression, context, { type, data: payload }) => {
    // Without braces: `function (x) {…}` is an expression here, too.
    const run = compiled.get(expression) ?? compileExpression(seen, expression);
    compiled.set(expression, run);
    const event = {
      name: type.replace(/^xstate\.done\.actor/u, 'done.invoke').replace(/^xstate\./u, ''),
      data: payload,
    };
    return run(...names.map((name) => valueOf(context[name])), event, ...Object.values(surroundings));
  };
  return {
    initial: () => {
      const context: Record<string, Json> = {};
      for (const { attributes } of data) {
        const value = kept(evaluate(attributes['expr'] ?? 'undefined', context, { type: '' }));
        if (value !== undefined) {
          context[attributes['id']!] = value;
        }
      }
      return context;
    },
    evaluate,
    kept,
  };
}

function compileExpression(names: readonly string[], expression: string): (...values: unknown[]) => unknown {
  // Expressions of the published cases only; nothing from outside is evaluated so.
  return compileFunction(`return (${expression});`, [...names]) as (...values: unknown[]) => unknown;
}

/** Whether an element belongs to a document inside this one. */
function inChild(scxml: Element, element: Element): boolean {
  const documents = scxml.children.flatMap(allOf).filter(({ name }) => name === 'scxml');
  return documents.some((document) => allOf(document).includes(element));
}

/** A function is kept as its source: a context is JSON. */
function kept(value: unknown): Json | undefined {
  if (value === undefined) {
    return undefined;
  }
  const json = typeof value === 'function' ? { function: Function.prototype.toString.call(value) } : value;
  return toJson(json, 'A variable');
}

function valueOf(stored: Json | undefined): unknown {
  const source = typeof stored === 'object' && stored !== null && 'function' in stored ? stored['function'] : undefined;
  return typeof source === 'string' ? compileExpression([], source)() : stored;
}
