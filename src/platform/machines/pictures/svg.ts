// The picture of a chart as SVG: boxes, arrows, words and marks on a layout. No script, nothing from elsewhere; every
// name is escaped. Called by pictures.ts.
import { sha256 } from '../../ids.ts';
import type { GraphState, GraphTransition, PictureGraph } from './graph.ts';
import { boxOf, labelOf, lineHeight, margin, timerRoom, wordsOf, type Line } from './boxes.ts';
import type { Layout, Point, Rect, Way } from './layout.ts';
import type { FoundMarks } from './marks.ts';
import { fitted, isGuess, widthOf } from './measure.ts';
import { clock, failureBadge, notesOf, storyOf } from './notes.ts';
import { styleSheet } from './theme.ts';
import { element, escaped, rounded } from './xml.ts';

const around = 20;
const titleHeight = 34;
const noteHeight = 16;
const turn = 7;

/** The SVG document. The same graph, layout and marks give the same text. */
export function svgOf(graph: PictureGraph, layout: Layout, marks: FoundMarks | null): string {
  const notes = notesOf(marks);
  const title = fitted(`${graph.type} · version ${graph.version}`, 600, { size: 17, bold: true });
  const noteWidth = Math.max(0, ...notes.map(({ text, face }) => widthOf(text, face)));
  const top = around + titleHeight + notes.length * noteHeight;
  const width = Math.max(layout.width, widthOf(title, { size: 17, bold: true }), noteWidth) + 2 * around;
  const height = layout.height + top + around;
  const id = `p${sha256(`${graph.type} ${graph.version}`).slice(0, 8)}`;
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${rounded(width)} ${rounded(height)}`,
      width,
      height,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-story`,
    },
    element('title', { id: `${id}-title` }, escaped(`State chart of ${graph.type}, version ${graph.version}`)),
    element('desc', { id: `${id}-story` }, escaped(storyOf(graph, marks))),
    `<style>${styleSheet}</style>`,
    element('rect', { class: 'paper', width, height }),
    words({ text: title, whole: title, face: { size: 17, bold: true }, role: 'name' }, around, around + 16, 'title'),
    ...notes.map((note, index) => words(note, around, around + titleHeight + index * noteHeight, note.kind)),
    element(
      'g',
      { transform: `translate(${around} ${rounded(top)})` },
      stateIn(graph.root, null, layout, marks),
      ...layout.starts.map(startIn),
      // What was taken lies on top where ways cross.
      ...graph.transitions
        .toSorted((a, b) => Number(marks?.taken.has(a.id) ?? false) - Number(marks?.taken.has(b.id) ?? false))
        .map((transition) => arrowIn(transition, layout, marks)),
      ...graph.transitions.map((transition) => wordsIn(transition, layout, marks)),
    ),
  );
}

function stateIn(state: GraphState, parent: GraphState | null, layout: Layout, marks: FoundMarks | null): string {
  const rect = layout.states.get(state.id);
  if (!rect) {
    return '';
  }
  const failed = marks?.failed.get(state.id) ?? [];
  const text = state.kind === 'history' ? historyIn(state, rect) : headOf(state, rect);
  return element(
    'g',
    { class: stateClass(state, parent, marks), 'data-state': state.id },
    element(
      'title',
      {},
      escaped(state.description === '' ? state.path || state.name : `${state.path}: ${state.description}`),
    ),
    ...text,
    failed.length > 0 ? failureBadge(rect, failed) : '',
    ...state.states.map((child) => stateIn(child, state, layout, marks)),
  );
}

function stateClass({ id, kind, states }: GraphState, parent: GraphState | null, marks: FoundMarks | null): string {
  const classes = [
    'state',
    kind,
    states.length > 0 ? 'group' : 'leaf',
    parent?.kind === 'parallel' && 'region',
    marks?.visited.has(id) && 'visited',
    marks?.lit.has(id) && 'lit',
    marks?.failed.has(id) && 'failed',
  ];
  return classes.filter(Boolean).join(' ');
}

function historyIn(state: GraphState, { x, y, width, height }: Rect): string[] {
  const [cx, cy] = [x + width / 2, y + height / 2];
  return [
    element('circle', { class: 'box', cx, cy, r: width / 2 - 1 }),
    element('text', { class: 'event', x: cx, y: cy + 4, 'text-anchor': 'middle' }, state.deep ? 'H*' : 'H'),
  ];
}

function headOf(state: GraphState, rect: Rect): string[] {
  const { lines, height } = boxOf(state);
  const inset = state.kind === 'final' ? 4 : 0;
  const parts = [boxed('box', rect, 9)];
  if (inset > 0) {
    parts.push(
      boxed('ring', { x: rect.x + inset, y: rect.y + inset, width: rect.width - 8, height: rect.height - 8 }, 6),
    );
  }
  if (state.states.length > 0) {
    const y = rect.y + height;
    parts.push(element('path', { class: 'rule', d: `M${rounded(rect.x)} ${rounded(y)}h${rounded(rect.width)}` }));
  }
  return [...parts, ...stacked(lines, rect.x + inset + margin.x, rect.y + inset + margin.y)];
}

function boxed(name: string, { x, y, width, height }: Rect, rx: number): string {
  return element('rect', { class: name, x, y, width, height, rx });
}

function stacked(lines: readonly Line[], x: number, top: number): string[] {
  let y = top;
  return lines.map((one) => {
    y += lineHeight[one.role];
    return words(one, x, y - lineHeight[one.role] * 0.28, one.role);
  });
}

function words({ text, whole, face }: Line, x: number, y: number, name: string): string {
  const forced = isGuess(text) ? { textLength: widthOf(text, face), lengthAdjust: 'spacingAndGlyphs' } : {};
  const more = whole === text ? '' : element('title', {}, escaped(whole));
  return element('text', { class: name, x, y, ...forced }, more + escaped(text));
}

function startIn({ dot, way }: Layout['starts'][number]): string {
  const circle =
    dot.width > 20
      ? ''
      : element('circle', { class: 'dot', cx: dot.x + dot.width / 2, cy: dot.y + dot.height / 2, r: dot.width / 2 });
  return element('g', { class: 'start' }, circle, ...lineOf(way));
}

function arrowIn(transition: GraphTransition, layout: Layout, marks: FoundMarks | null): string {
  return element('g', { class: edgeClass(transition, marks) }, ...lineOf(layout.ways.get(transition.id) ?? []));
}

function wordsIn(transition: GraphTransition, layout: Layout, marks: FoundMarks | null): string {
  const rect = layout.labels.get(transition.id);
  if (!rect) {
    return '';
  }
  const { lines } = labelOf(transition);
  const timer = marks?.timers.get(transition.id);
  // The room of a timer that is not armed stays paper.
  const unused = transition.kind === 'after' && !timer ? timerRoom.height : 0;
  return element(
    'g',
    { class: edgeClass(transition, marks), 'data-transition': transition.id },
    element('title', {}, escaped(wordsOf(transition))),
    boxed('pill', { ...rect, height: rect.height - unused }, 6),
    ...stacked(lines, rect.x + margin.label, rect.y + margin.labelY),
    timer ? clock(rect, timer, transition.delayMs) : '',
  );
}

function edgeClass({ id, kind }: GraphTransition, marks: FoundMarks | null): string {
  return marks?.taken.has(id) ? `edge ${kind} taken` : `edge ${kind}`;
}

/** A way with round corners, and the head of the arrow at its end. */
function lineOf(way: Way): string[] {
  const end = way.at(-1);
  const before = way.at(-2);
  if (!end || !before) {
    return [];
  }
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  const [dx, dy] = [(end.x - before.x) / length, (end.y - before.y) / length];
  const back = { x: end.x - dx * 9, y: end.y - dy * 9 };
  const wing = (side: number): string => at({ x: back.x - dy * side, y: back.y + dx * side });
  return [
    element('path', { class: 'way', d: bent([...way.slice(0, -1), { x: end.x - dx * 6, y: end.y - dy * 6 }]) }),
    element('path', { class: 'head', d: `M${at(end)}L${wing(4.5)}L${wing(-4.5)}Z` }),
  ];
}

function bent(way: Way): string {
  return way
    .map((point, index) => {
      const [from, to] = [way[index - 1], way[index + 1]];
      if (!from || !to) {
        return `${from ? 'L' : 'M'}${at(point)}`;
      }
      return `L${at(towards(point, from))}Q${at(point)} ${at(towards(point, to))}`;
    })
    .join('');
}

function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(turn, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function at({ x, y }: Point): string {
  return `${rounded(x)} ${rounded(y)}`;
}
