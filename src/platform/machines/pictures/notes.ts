// What a picture says beside its boxes: notes under the title, the story for those who cannot see it, rings of timers,
// badges of failures. Called by svg.ts.
import { detailFace, margin, timerRoom, type Line } from './boxes.ts';
import { statesOf, type PictureGraph } from './graph.ts';
import type { Rect } from './layout.ts';
import type { FoundMarks, TimerMark } from './marks.ts';
import { fitted } from './measure.ts';
import { duration } from './words.ts';
import { element, escaped, plain, rounded } from './xml.ts';

const mostNotes = 12;

/** Lines under the title: timers that no arrow shows, and effects that failed. */
export function notesOf(marks: FoundMarks | null): (Line & { readonly kind: string })[] {
  const timers = (marks?.elsewhere ?? []).map((timer) => ({ kind: 'time', whole: `${timer.name}: ${leftOf(timer)}` }));
  const failed = [...(marks?.failed ?? [])].map(([state, names]) => ({
    kind: 'note bad',
    whole: `failed${state === '' ? '' : ` at ${state}`}: ${names.join(', ')}`,
  }));
  return [...failed, ...timers].slice(0, mostNotes).map(({ kind, whole }) => {
    const text = plain(whole);
    return { kind, whole: text, text: fitted(text, 560, detailFace), face: detailFace, role: 'detail' };
  });
}

/** The picture in sentences. */
export function storyOf(graph: PictureGraph, marks: FoundMarks | null): string {
  const states = statesOf(graph.root);
  const size = `${states.length - 1} states and ${graph.transitions.length} transitions.`;
  if (!marks) {
    return size;
  }
  const leaves = states.filter(({ id, states: inner }) => inner.length === 0 && marks.lit.has(id));
  const names = (ids: ReadonlySet<string>): string =>
    states.flatMap(({ id, path }) => (path !== '' && ids.has(id) ? [path] : [])).join(', ');
  const edges = new Map(graph.transitions.map((transition) => [transition.id, transition]));
  const timers = [...marks.timers].map(([id, timer]) => `${edges.get(id)?.label ?? timer.name}: ${leftOf(timer)}`);
  const others = marks.elsewhere.map((timer) => `${timer.name}: ${leftOf(timer)}`);
  const failed = [...marks.failed.values()].flat();
  return [
    size,
    `Now in ${leaves.map(({ path, name }) => path || name).join(', ')}.`,
    marks.visited.size > 0 ? `Has been in ${names(marks.visited)}.` : '',
    timers.length + others.length > 0 ? `Waits for ${[...timers, ...others].join('; ')}.` : '',
    failed.length > 0 ? `Failed: ${failed.join(', ')}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** What is left, in words. */
function leftOf({ leftMs }: TimerMark): string {
  return leftMs === 0 ? 'due now' : `${duration(leftMs)} left`;
}

/** The ring of a timer, as full as what is left, with the words beside it, at the foot of an arrow's label. */
export function clock(label: Rect, timer: TimerMark, wholeMs: number | null): string {
  const r = 5.5;
  const cx = label.x + margin.label + r + 1;
  const cy = label.y + label.height - margin.labelY - timerRoom.height / 2;
  const part = wholeMs === null || wholeMs === 0 ? 1 : Math.min(1, timer.leftMs / wholeMs);
  const angle = 2 * Math.PI * part;
  const end = { x: cx + r * Math.sin(angle), y: cy - r * Math.cos(angle) };
  const arc =
    part >= 0.999
      ? element('circle', { class: 'hand', cx, cy, r })
      : element('path', {
          class: 'hand',
          d: `M${rounded(cx)} ${rounded(cy - r)}A${r} ${r} 0 ${part > 0.5 ? 1 : 0} 1 ${rounded(end.x)} ${rounded(end.y)}`,
        });
  return [
    element('circle', { class: 'dial', cx, cy, r }),
    arc,
    element('text', { class: 'time', x: cx + r + 6, y: cy + 4 }, escaped(leftOf(timer))),
  ].join('');
}

/** The red mark on a state's corner, with the names of what failed. */
export function failureBadge({ x, y, width }: Rect, names: readonly string[]): string {
  const [cx, cy] = [x + width - 4, y + 4];
  return element(
    'g',
    { class: 'badge' },
    element('title', {}, escaped(`Failed: ${names.join(', ')}`)),
    element('circle', { class: 'bad', cx, cy, r: 9 }),
    element('text', { class: 'event', x: cx, y: cy + 4 }, names.length > 1 ? String(Math.min(99, names.length)) : '!'),
  );
}
