// Runs the chart of a pair on the pair's document. Pure.
import { z } from 'zod';
import { connection as chart } from '#machines/connection.machine.ts';
import { snapshotAt, step } from '#src/platform/machines/kernel.ts';
import { connectionStates, otherOf, type Connection } from './connections.model.ts';

/** What one of a pair can do. */
export type ConnectionAct = keyof typeof chart.events;

const standing = z.object({ requester: z.string().nullable(), blockedBy: z.array(z.string()) });
const stateName = z.enum(connectionStates);

/** The pair after an act of one of the two; null where the chart does not take it from them now. */
export function moved(pair: Connection, act: ConnectionAct, by: string, now: Date): Connection | null {
  const { requester, blockedBy } = pair;
  const before = snapshotAt(pair.state, { requester, blockedBy: [...blockedBy] });
  const taken = step(chart, before, { type: act, by }, { now, actor: by });
  if (!taken.accepted) {
    return null;
  }
  const after = standing.parse(taken.context);
  return {
    ...pair,
    state: stateName.parse(taken.value),
    requester: after.requester,
    addressee: after.requester === null ? null : otherOf(pair, after.requester),
    blockedBy: after.blockedBy,
    updatedAt: now,
    rev: pair.rev + 1,
  };
}
