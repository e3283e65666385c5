// Imports and their refused lines as they are sent.
import type { ImportView } from './import.schema.ts';
import type { Import, RefusedLine } from './import.ts';

/** An import as it stands at `now`. */
export function presentImport(row: Import, now: Date): ImportView {
  const { _id: id, name, state, cancelRequested, lines, accepted, refused, bytes, sha256, startedBy } = row;
  const done = accepted + refused;
  const elapsedMs = now.getTime() - row.startedAt.getTime();
  const eta = state === 'running' && done > 0 ? { etaMs: Math.round((elapsedMs / done) * (lines - done)) } : {};
  return {
    id,
    name,
    state,
    cancelRequested,
    lines,
    done,
    accepted,
    refused,
    bytes,
    sha256,
    startedBy,
    startedAt: row.startedAt.toISOString(),
    doneAt: row.doneAt?.toISOString() ?? null,
    ...eta,
  };
}

/** One line of a report: where, which rule, a sentence. `pointer` is the first value that is wrong. */
export function presentRefused({ line, code, detail, fields }: RefusedLine): string {
  const [first] = fields;
  return `${JSON.stringify({ line, code, detail, ...(first ? { pointer: first.pointer, errors: fields } : {}) })}\n`;
}
