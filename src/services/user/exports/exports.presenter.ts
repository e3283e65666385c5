// From a row to what is sent.
import { privacyTimes } from '#config/privacy.ts';
import type { UserExport } from './exports.model.ts';
import type { ExportView } from './exports.schema.ts';

/** An export as its owner sees it. */
export function presentExport({
  _id: id,
  state,
  partsDone,
  parts,
  bytes,
  sha256,
  createdAt,
  doneAt,
}: UserExport): ExportView {
  const until = state === 'ready' && doneAt ? new Date(doneAt.getTime() + privacyTimes.exportKeptMs) : null;
  return {
    id,
    state,
    progress: { done: partsDone, of: parts },
    bytes,
    sha256,
    createdAt: createdAt.toISOString(),
    doneAt: doneAt?.toISOString() ?? null,
    availableUntil: until?.toISOString() ?? null,
  };
}
