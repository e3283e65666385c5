// A trace as a person reads it in a terminal: one line a step, indented under what it followed from. Called by traces.ts.
import { groupBy } from '../group-by.ts';
import type { Step } from './steps.ts';

/**
 * The story of a trace: milliseconds since its first step, what happened, ids to look further with. Steps stand under
 * their parents; brothers are in order of time.
 */
export function storyOf(steps: readonly Step[], truncated: boolean): string {
  const [root] = steps;
  if (!root) {
    return '';
  }
  const shown = new Set(steps.map(({ id }) => id));
  const children = groupBy(steps.slice(1), ({ parent }) =>
    parent !== undefined && shown.has(parent) ? parent : root.id,
  );
  const lines = [`${root.title}, ${root.at.toISOString()}`, ''];
  // A stack instead of recursion: a chain of reactions may be long.
  const waiting = (children.get(root.id) ?? []).toReversed().map((step) => ({ step, depth: 0 }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { step, depth } = next;
    lines.push(line(step, depth, root.at));
    waiting.push(...(children.get(step.id) ?? []).toReversed().map((child) => ({ step: child, depth: depth + 1 })));
  }
  return `${lines.join('\n')}\n${truncated ? '\nMore was left out: ask for a larger limit\n' : ''}`;
}

function line({ at, what, id, title, actor, attempts, error, state }: Step, depth: number, since: Date): string {
  const told = [
    title,
    what === 'accepted' || what === 'event' || what === 'timer-armed' ? id : undefined,
    actor === undefined ? undefined : `by ${actor}`,
    what === 'accepted' && state === 'new' ? 'not done yet' : undefined,
    attempts === undefined || what === 'dead' ? undefined : `${attempts} failed attempts`,
    error === undefined ? undefined : `error: ${error}`,
  ];
  const time = `+${at.getTime() - since.getTime()} ms`.padStart(12);
  return `${time}  ${'  '.repeat(depth)}${what.padEnd(11)} ${oneLine(told.filter((part) => part !== undefined).join(' · '))}`;
}

// What others wrote must not move the cursor or begin a line of its own.
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}
