// Reactions that are not known when a process starts, because they are data: `subscribe` for what people change while it runs.
// A service lists its reactors; what they ask for is rows of the event's own transaction, as with subscriptions.
import type { WorkDraft } from '../commands/command.ts';
import type { StoredEvent } from './event.ts';

/**
 * What reactors may cause of one beginning. It is handed down with what they cause and split among all of it, so that no
 * set of them sets off more than about so much, in few generations: whoever has less than one causes nothing more.
 */
export const fullShare = 1_000;

/** A row that a reactor asks for, with the share it hands down. Its cause names the reactor's own and the event. */
export type ReactorDraft = WorkDraft & { readonly share: number };

/** Reactions that are data. */
export interface Reactor {
  /** Brings what it knows up to date, within its own bounds. Awaited before rows are decided, beside their reads. */
  refresh(): Promise<void>;
  /**
   * What the events of one decision ask for, at a share. Pure over what it knows, and never throws: no event is held up by
   * what somebody wants to follow from it. Inputs fit their commands.
   */
  react(events: readonly StoredEvent[], share: number): readonly ReactorDraft[];
}

/** Brings all reactors up to date. Throws where MongoDB is away. */
export async function refreshReactors({ reactors }: { readonly reactors: readonly Reactor[] }): Promise<void> {
  await Promise.all(reactors.map(async (reactor) => await reactor.refresh()));
}
