// What stands in each box of a picture, line by line, and the room it takes. Called by layout.ts for the sizes and by
// svg.ts for the lines, so that both speak of the same.
import { fitted, widthOf, type Face } from './measure.ts';
import type { GraphState, GraphTransition } from './graph.ts';
import { plain } from './xml.ts';

/** One line: what is shown, and the whole of it where that is longer. */
export interface Line {
  readonly text: string;
  readonly whole: string;
  readonly face: Face;
  readonly role: 'name' | 'detail' | 'event' | 'guard';
}

/** A box's lines and the room they need, in pixels. */
export interface Box {
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

export const nameFace: Face = { size: 14, bold: true };
export const detailFace: Face = { size: 11, bold: false };
const eventFace: Face = { size: 12, bold: true };

/** Baseline to baseline; the first line's is at `margin.top` and its own size below the edge. */
export const lineHeight = { name: 20, detail: 15, event: 16, guard: 14 } as const;
export const margin = { x: 12, y: 9, label: 7, labelY: 4 } as const;
/** What a timer's ring and words take below an arrow's words. */
export const timerRoom = { width: 112, height: 17 } as const;
/** The corner where the mark of a failure stands. */
const badgeRoom = 14;

const most = { name: 260, detail: 280, label: 220, insides: 8 } as const;

/** The head of a state's box: its name, what it does, and what it takes without going anywhere. */
export function boxOf(state: GraphState): Box {
  const lines = [line(state.name, 'name', most.name, nameFace)];
  const detail = (word: string, names: readonly string[]): void => {
    if (names.length > 0) {
      lines.push(line(`${word} / ${names.join(', ')}`, 'detail', most.detail, detailFace));
    }
  };
  detail('entry', state.entry);
  detail('exit', state.exit);
  detail('invoke', state.invoke);
  for (const inside of state.inside.slice(0, most.insides)) {
    lines.push(line(wordsOf(inside), 'detail', most.detail, detailFace));
  }
  if (state.inside.length > most.insides) {
    lines.push(line(`and ${state.inside.length - most.insides} more`, 'detail', most.detail, detailFace));
  }
  if (state.tags.length > 0) {
    lines.push(line(`tags: ${state.tags.join(', ')}`, 'detail', most.detail, detailFace));
  }
  const width = Math.max(...lines.map(({ text, face }) => widthOf(text, face))) + 2 * margin.x + badgeRoom;
  return { lines, width: Math.max(width, 72), height: heightOf(lines) + 2 * margin.y };
}

/** The words on an arrow: event, guard, actions; an `after` keeps room for what is left. */
export function labelOf(transition: GraphTransition): Box {
  const lines = [line(transition.label, 'event', most.label, eventFace)];
  if (transition.guard !== '') {
    lines.push(line(`[${transition.guard}]`, 'guard', most.label, detailFace));
  }
  if (transition.actions.length > 0) {
    lines.push(line(`/ ${transition.actions.join(', ')}`, 'guard', most.label, detailFace));
  }
  const timed = transition.kind === 'after';
  const widest = Math.max(...lines.map(({ text, face }) => widthOf(text, face)), timed ? timerRoom.width : 0);
  return {
    lines,
    width: widest + 2 * margin.label,
    height: heightOf(lines) + 2 * margin.labelY + (timed ? timerRoom.height : 0),
  };
}

/** A transition in one line: `PAY [amount > 0] / charge`. */
export function wordsOf({ label, guard, actions }: GraphTransition): string {
  return [label, guard && `[${guard}]`, actions.length > 0 && `/ ${actions.join(', ')}`].filter(Boolean).join(' ');
}

function heightOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { role }) => sum + lineHeight[role], 0);
}

function line(written: string, role: Line['role'], widest: number, face: Face): Line {
  // A name of nothing but invisible characters would be no name.
  const whole = plain(written) || '(unnamed)';
  return { text: fitted(whole, widest, face), whole, face, role };
}
