// From SCXML to a machine as data, for cases that go without code: what is registered over HTTP, as users do it.
import { datamodelOf } from './datamodel.ts';
import { keyOf } from './convert.ts';
import { allOf, inside, parseScxml, type Element } from './xml.ts';

/** The definition as data of a document. Throws where it needs what data has no words for. */
export function asData(text: string): Record<string, unknown> {
  const scxml = parseScxml(text);
  const variables = allOf(scxml).filter(({ name }) => name === 'data' || name === 'assign');
  const names = [...new Set(variables.map(({ attributes }) => attributes['id'] ?? attributes['location']!))];
  const known = datamodelOf(scxml).initial();
  const heard = allOf(scxml).flatMap(({ name, attributes }) => (name === 'transition' ? tokensOf(attributes) : []));
  const { states, on, ...root } = new Data(names).state(scxml) as Record<'states' | 'on', object | undefined>;
  return {
    ...root,
    // A machine as data has no states that nothing leads out of: here, they can all be left for the end.
    on: { ...on, 'leave-it': '#left' },
    states: { ...states, left: { id: 'left', type: 'final' } },
    context: Object.fromEntries(names.map((name) => [name, known[name] ?? null])),
    events: Object.fromEntries(
      [...heard.filter((event) => event !== '*'), 'leave-it'].map((event) => [event, { from: ['operator'] } as const]),
    ),
    access: { create: ['operator'], read: ['operator'] },
  };
}

function tokensOf({ event }: Element['attributes']): string[] {
  return event?.split(/\s+/u) ?? [];
}

class Data {
  private readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
  }

  state(element: Element, parent = element): Record<string, unknown> {
    const { name, attributes } = element;
    const id = name === 'scxml' ? {} : { id: keyOf(attributes['id'] ?? refuse('A state without an id')) };
    return name === 'history' ? { ...id, ...historyOf(element, parent) } : { ...id, ...this.ordinary(element) };
  }

  private ordinary(element: Element): Record<string, unknown> {
    const { name } = element;
    inside(element, 'invoke').forEach((child) => refuse(`<${child.name}>`));
    const transitions = inside(element, 'transition');
    const always = transitions.filter(({ attributes: { event } }) => event === undefined);
    const on: Record<string, unknown[]> = {};
    for (const one of transitions) {
      tokensOf(one.attributes).forEach((token) => (on[token] ??= []).push(this.taken(one, name)));
    }
    return {
      ...(name === 'parallel' || name === 'final' ? { type: name } : {}),
      ...this.inner(element),
      ...(Object.keys(on).length > 0 && { on }),
      ...(always.length > 0 && { always: always.map((one) => this.taken(one, name)) }),
      entry: inside(element, 'onentry').flatMap((block) => this.content(block)),
      exit: inside(element, 'onexit').flatMap((block) => this.content(block)),
    };
  }

  private inner(element: Element): Record<string, unknown> {
    const inner = inside(element, 'state', 'parallel', 'final', 'history');
    if (inner.length === 0) {
      return {};
    }
    const [way] = inside(element, 'initial').flatMap((initial) => inside(initial, 'transition'));
    const first = inner.find(({ name }) => name !== 'history')?.attributes['id'] ?? '';
    const initial = keyOf(way?.attributes['target'] ?? element.attributes['initial'] ?? first);
    const states = inner.map((child) => [keyOf(child.attributes['id'] ?? ''), this.state(child, element)]);
    return { ...(element.name !== 'parallel' && { initial }), states: Object.fromEntries(states) as unknown };
  }

  private taken(transition: Element, source: string): Record<string, unknown> {
    const { cond, type } = transition.attributes;
    const target = targetOf(transition.attributes);
    return {
      ...target,
      ...('target' in target && type !== 'internal' && source !== 'scxml' ? { reenter: true } : {}),
      ...(cond === undefined ? {} : { guard: this.inCel(cond) }),
      actions: this.content(transition),
    };
  }

  private content(container: Element): { type: string; params: unknown }[] {
    return container.children
      .filter(({ name }) => name !== 'log')
      .map(({ name, attributes, children }) => {
        const { event, location = '', expr = '', sendid } = attributes;
        if (name === 'assign') {
          return { type: 'set', params: { [location]: { $cel: this.inCel(expr) } } };
        }
        if (name === 'cancel' && sendid !== undefined) {
          return { type: 'cancel', params: { id: sendid } };
        }
        return event !== undefined && children.length === 0 && (name === 'raise' || name === 'send')
          ? { type: 'raise', params: { event: { type: event }, ...(name === 'send' && laterBy(attributes)) } }
          : refuse(`<${name}>`);
      });
  }

  /** Arithmetic and comparisons mean the same there. */
  private inCel(expression: string): string {
    const known = /^[\w\s*+=!-]+$/u.test(expression) ? expression : refuse(expression);
    return known
      .replaceAll('===', '==')
      .replaceAll('!==', '!=')
      .replaceAll(/\b[a-z]\w*\b/giu, (word) => (this.names.includes(word) ? `context.${word}` : word));
  }
}

function historyOf(element: Element, parent: Element): Record<string, unknown> {
  const { target } = inside(element, 'transition')[0]?.attributes ?? {};
  const history = element.attributes['type'] ?? 'shallow';
  return { type: 'history', history, ...(target !== undefined && { target: wayTo(parent, target).join('.') }) };
}

/** The names on the way from a state to one inside it. */
function wayTo(from: Element, id: string): string[] {
  const next = from.children.find((child) => allOf(child).some(({ attributes }) => attributes['id'] === id));
  const name = next?.attributes['id'];
  if (!next || name === undefined) {
    return refuse(`A history that leads out to ${id}`);
  }
  return [keyOf(name), ...(name === id ? [] : wayTo(next, id))];
}

function targetOf({ target }: Element['attributes']): { target: string } | Record<never, never> {
  if (target === undefined) {
    return {};
  }
  return /\s/u.test(target.trim()) ? refuse('Several targets') : { target: `#${keyOf(target.trim())}` };
}

/** When an event comes that is sent. Without a delay: not before all that is raised, as soon as its timer is found. */
function laterBy({ event: _event, id, delay, delayexpr, ...others }: Element['attributes']) {
  const written = delay ?? delayexpr ?? '0s';
  const [, amount, unit] = /^'?(\d*\.?\d+)(ms|s)'?$/u.exec(written) ?? [];
  if (amount === undefined || Object.keys(others).length > 0) {
    return refuse(`<send> with ${written} ${JSON.stringify(others)}`);
  }
  const ms = Number(amount) * (unit === 's' ? 1_000 : 1);
  return { ...(id !== undefined && { id }), delay: ms === 0 ? { $cel: '0' } : ms };
}

function refuse(what: string): never {
  throw new Error(`${what} cannot be said as data`);
}
