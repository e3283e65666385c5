// Effects of the tests' own that machines ask for: `probe` leaves a row and can be made to fail or to be refused; what
// undoes it is `unprobe`. Done by the owners of the pool gamification.
import { z } from 'zod';
import { defineCommand, insert } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import { defineMachineEffect } from '#src/platform/machines/effects.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import type { Service } from '#src/platform/registry.ts';

/** What probes did, in the order of their ids. */
export const Probes = defineCollection<{ readonly _id: string; readonly mark: string }>('test_probes', {
  mark: String,
});

/** Marks whose commands throw, and those they say no to, for as long as they stand here. */
export const failing = new Set<string>();
export const refusing = new Set<string>();

const input = z.strictObject({ mark: z.string().max(100) });
type Probe = z.output<typeof input>;

const probeCommand = defineCommand<Probe>({
  kind: 'prober.probe.do',
  pool: 'gamification',
  input,
  key: ({ mark }) => mark,
  load: async () => await Promise.resolve(),
  decide: (_state, { id, input: { mark } }) => {
    if (failing.has(mark)) {
      throw new Error(`${mark} fails`);
    }
    return refusing.has(mark)
      ? problems.conflict(`${mark} is refused`)
      : { writes: [insert(Probes, { _id: id, mark })], result: { mark, did: id } };
  },
});

const shared = { input, kind: probeCommand.kind, idempotency: 'mongo' } as const;
const probe = defineMachineEffect<Probe>({
  ...shared,
  name: 'probe',
  summary: 'Leave a mark',
  toInput: (given) => given,
  compensation: {
    effect: 'unprobe',
    params: ({ mark }, result) => ({
      mark: `un-${mark}${(result as { mark: string }).mark === mark ? '' : '?'}`,
    }),
  },
});
const unprobe = defineMachineEffect<Probe>({
  ...shared,
  name: 'unprobe',
  summary: 'Undo a mark',
  toInput: (given) => given,
});

/** The service of these effects. */
export const prober: Service = { name: 'prober', commands: [probeCommand], machineEffects: [probe, unprobe] };

/** The marks that were left and begin so, in order. */
export async function marks(prefix: string): Promise<string[]> {
  const rows = await Probes.native()
    .find({ mark: { $regex: `^(?:un-)?${prefix}` } })
    .sort({ _id: 1 })
    .toArray();
  return rows.map(({ mark }) => mark);
}
