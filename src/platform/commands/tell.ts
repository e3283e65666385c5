// Telling how a row ended: a row that says so in `tell` is followed by another one, written in the transaction that
// settles it. Called by whatever settles rows: the committer and the settling of effects.
import { logFor } from '../log.ts';
import type { Registry } from '../registry.ts';
import type { WorkDraft } from './command.ts';
import { workRow, type Settlement } from './plan.ts';
import { timesTold, type WorkRow } from './work.ts';

const log = logFor('tell');

/** What the input of a told command holds beside what `tell` gave it. */
export type Told =
  | { readonly outcome: 'done'; readonly output: unknown }
  | { readonly outcome: 'refused' | 'dead'; readonly error: { readonly code: string; readonly detail: string } };

/**
 * The rows that tell of these ends, each with a cause of its own: what gave up, was redriven and ended again is told of
 * twice. A row that cannot be made is left out, with an error in the log: the end itself stands.
 */
export function tellEnds(registry: Registry, ends: readonly Settlement[], now: Date): WorkRow[] {
  return ends.flatMap((end) => {
    const draft = draftOf(end);
    if (!draft) {
      return [];
    }
    try {
      return [workRow(registry, draft, end.row, now)];
    } catch (error) {
      const { _id: id, kind, requestId } = end.row;
      log.error({ id, kind, requestId, tell: draft.kind, err: error }, 'Nobody could be told how it ended');
      return [];
    }
  });
}

function draftOf({ row, state, result, problem }: Settlement): WorkDraft | null {
  const { tell } = row;
  if (!tell || (tell.only === 'failure' && state === 'done')) {
    return null;
  }
  const { code = '', detail = '' } = problem ?? {};
  const told: Told =
    state === 'done' ? { outcome: state, output: result ?? null } : { outcome: state, error: { code, detail } };
  return { kind: tell.kind, input: { ...tell.input, ...told }, cause: `d.${row._id}.${timesTold(row)}` };
}
