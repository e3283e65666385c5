// How events, delays, guards and actions of a chart are put into a few words. Called by graph.ts and the renderers.
import type { AnyStateMachine } from 'xstate';

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** Milliseconds as people say them, in at most two units: `2 d 3 h`, `45 s`, `120 ms`. */
export function duration(ms: number): string {
  if (ms < 1_000) {
    return `${Math.max(0, Math.round(ms))} ms`;
  }
  const first = units.findIndex(([, size]) => ms >= size);
  const words: string[] = [];
  let rest = ms;
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) {
      words.push(`${count} ${unit}`);
    }
  }
  return words.join(' ');
}

/** A delay as the chart writes it: its name with the time behind it, where that is a number. */
export function delayWords(machine: AnyStateMachine, delay: unknown): { text: string; ms: number | null } {
  const named: unknown =
    typeof delay === 'string' && Object.hasOwn(machine.implementations.delays, delay)
      ? machine.implementations.delays[delay]
      : undefined;
  const value = typeof delay === 'string' ? (named ?? (/^\d+$/u.test(delay) ? Number(delay) : undefined)) : delay;
  const ms = typeof value === 'number' && Number.isFinite(value) ? value : null;
  if (typeof delay === 'string' && named !== undefined) {
    return { text: ms === null ? delay : `${delay} (${duration(ms)})`, ms };
  }
  return { text: ms === null ? String(delay) : duration(ms), ms };
}

/** What an arrow says of the event it waits for. `state` is the id of its source. */
export function eventWords(type: string, state: string): string {
  if (type === '') {
    return 'always';
  }
  if (type === '*') {
    return 'any event';
  }
  const own = /^xstate\.(done|error|snapshot|timeout)\.(state|actor)\.(.*)$/su.exec(type);
  if (!own) {
    return type;
  }
  const [, what, of, id = ''] = own;
  const subject = of === 'state' && id === state ? '' : `${id} `;
  return what === 'error' ? `${subject}failed` : `${subject}${what === 'done' ? 'done' : String(what)}`;
}

/** A guard by its name, or by the text of its rule where it is data. */
export function guardWords(guard: unknown): string {
  if (guard === undefined || guard === null) {
    return '';
  }
  if (typeof guard === 'string') {
    return guard;
  }
  if (typeof guard === 'function') {
    const parts = (guard as { guards?: readonly unknown[] }).guards;
    return parts ? combined(guard.name, parts) : guard.name || 'condition';
  }
  const { type, params } = guard as { type?: unknown; params?: unknown };
  return ruleIn(params) ?? (typeof type === 'string' ? type : 'condition');
}

function combined(name: string, parts: readonly unknown[]): string {
  const words = parts.map(guardWords);
  return name === 'not' ? `not ${words.join(', ')}` : words.join(name === 'or' ? ' or ' : ' and ');
}

/** The text of a rule among the params of a compiled guard. */
function ruleIn(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null) {
    return undefined;
  }
  const texts = Object.values(params).filter((value) => typeof value === 'string');
  return texts.length === 1 ? texts[0] : undefined;
}

/** The names of actions, in order; what XState does itself in a word (`assign`, `raise PAY`). Timers are arrows. */
export function namesOf(actions: readonly unknown[]): string[] {
  return actions.flatMap((action) => {
    if (typeof action === 'string') {
      return [action];
    }
    const own = action as {
      type?: unknown;
      name?: unknown;
      event?: { type?: unknown };
      id?: unknown;
      sendId?: unknown;
    };
    if ([own.id, own.sendId].some((id) => typeof id === 'string' && id.startsWith('xstate.after.'))) {
      return [];
    }
    const name = typeof own.type === 'string' ? own.type : own.name;
    const word = typeof name === 'string' && name !== '' ? name.replace(/^xstate\./u, '') : 'action';
    const about = own.event?.type ?? own.sendId;
    return [name !== word && typeof about === 'string' ? `${word} ${about}` : word];
  });
}
