// Executable content of SCXML (`assign`, `raise`, `send`, `cancel`, `log`, `if`) as actions of a chart.
import { assign, cancel, enqueueActions, log, raise, sendParent, sendTo } from 'xstate';
import type { Context, Datamodel, SeenEvent } from './datamodel.ts';
import type { Element } from './xml.ts';

interface Args {
  readonly context: Context;
  readonly event: SeenEvent;
}

/** One of XState's built-in actions: its own types want a machine to be known, which here is read from a file. */
export type BuiltIn = ReturnType<typeof cancel>;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000 };

/** The actions of the elements inside one, in their order. Throws on an element it does not know. */
export function contentOf(container: Element, model: Datamodel): BuiltIn[] {
  return container.children.map((element) => actionOf(element, model) as unknown as BuiltIn);
}

function actionOf(element: Element, model: Datamodel): unknown {
  const { name, attributes } = element;
  switch (name) {
    case 'assign':
      return assign(({ context, event }: Args) => ({
        [attributes['location']!]: model.kept(model.evaluate(attributes['expr']!, context, event)),
      }));
    case 'raise':
      return raise({ type: attributes['event']! });
    case 'log':
      return log(
        ({ context, event }: Args) => model.kept(model.evaluate(attributes['expr'] ?? 'null', context, event)),
        attributes['label'],
      );
    case 'cancel':
      return cancel(attributes['sendid']!);
    case 'send':
      return sendOf(element, model);
    case 'if':
      return ifOf(element, model);
    default:
      throw new Error(`<${name}> is not supported`);
  }
}

/** A branch is chosen when it is come to; what is in it sees what was done before it. */
function ifOf(element: Element, model: Datamodel): unknown {
  const branches: { cond: string; content: Element[] }[] = [{ cond: element.attributes['cond']!, content: [] }];
  for (const child of element.children) {
    if (child.name === 'elseif' || child.name === 'else') {
      branches.push({ cond: child.attributes['cond'] ?? 'true', content: [] });
    } else {
      branches.at(-1)!.content.push(child);
    }
  }
  const compiled = branches.map(({ cond, content }) => ({
    cond,
    actions: contentOf({ name: 'if', attributes: {}, children: content }, model),
  }));
  return enqueueActions(({ context, event, enqueue }) => {
    const taken = compiled.find(({ cond }) => Boolean(model.evaluate(cond, context as Context, event)));
    taken?.actions.forEach((action) => enqueue(action));
  });
}

function sendOf(element: Element, model: Datamodel): unknown {
  const { targetexpr, target } = element.attributes;
  if (targetexpr === undefined) {
    return sendTowards(target, element, model);
  }
  return enqueueActions(({ context, event, enqueue }) => {
    const found = model.evaluate(targetexpr, context as Context, event);
    enqueue(sendTowards(found as string | undefined, element, model) as BuiltIn);
  });
}

function sendTowards(target: string | undefined, { attributes, children }: Element, model: Datamodel): unknown {
  const made = ({ context, event }: Args): SeenEvent => {
    const { event: type, eventexpr } = attributes;
    const data = children.map((param) => [
      param.attributes['name']!,
      model.kept(model.evaluate(param.attributes['expr']!, context, event)),
    ]);
    return {
      type: type ?? String(model.evaluate(eventexpr!, context, event)),
      ...(data.length > 0 && { data: Object.fromEntries(data) as unknown }),
    };
  };
  const { id, delay, delayexpr } = attributes;
  const later = ({ context, event }: Args): number =>
    delayOf(delay ?? String(model.evaluate(delayexpr!, context, event)));
  const waits = delay !== undefined || delayexpr !== undefined;
  const how = { ...(id !== undefined && { id }), ...(waits && { delay: later }) };
  if (target === '#_internal') {
    return raise(made);
  }
  if (target === undefined || target.startsWith('#_scxml_')) {
    // The external queue: not before all that is raised inside.
    return raise(made, { delay: 0, ...how });
  }
  return target === '#_parent' ? sendParent(made, how) : sendTo(target.slice('#_'.length), made, how);
}

/** `10ms`, `2s` or `.5s` in milliseconds. */
function delayOf(text: string): number {
  const [, amount, unit = ''] = /^(\d*\.?\d+)(ms|s)$/u.exec(text) ?? [];
  if (amount === undefined) {
    throw new Error(`${text} is no delay`);
  }
  return Number(amount) * units[unit]!;
}
