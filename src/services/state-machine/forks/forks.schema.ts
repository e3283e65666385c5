// Inputs of forks.
import { z } from 'zod';
import { isChildKey } from '../children/children.workflow.ts';
import { instanceParams, seq, stateValue, status, stepRef } from '../state-machine.schema.ts';

const { type, id } = instanceParams.shape;

/** Body of the route: after which step, the id of the fork, and whether it waits for what the machine waited for. */
export const forkBody = z.strictObject({
  atSeq: seq.max(1e9),
  id: id.refine((given) => !isChildKey(given), 'has the form of the ids of children'),
  timers: z.enum(['none', 'restart']).default('none'),
});

/** Input of `state-machine.instance.fork`; `source` is ForkSource of platform/machines/fork.ts, made at the door. */
export const forkInput = z.strictObject({
  type,
  id,
  timers: z.enum(['none', 'restart']),
  source: z.strictObject({
    from: stepRef,
    hash: z.string(),
    version: z.number().int(),
    snapshot: z.unknown(),
    value: stateValue,
    status,
    context: z.unknown(),
    tags: z.array(z.string()),
    timers: z.array(z.strictObject({ sendId: z.string(), trigger: z.unknown(), leftMs: z.number() })),
  }),
});

export type ForkInput = z.output<typeof forkInput>;
