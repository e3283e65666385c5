// Which effects that machines asked for failed.
import { limits } from '#config/limits.ts';
import { Work } from '#src/platform/commands/work.ts';
import { machineEffects } from '#src/platform/machines/effects.ts';
import { Transitions, type MachineInstance } from '#src/platform/machines/store.ts';
import { createKind, sendKind } from '../state-machine.schema.ts';

const mostFailed = 50;

/** The names of effects of an instance that were refused or gave up, at most fifty. */
export async function failedEffects({ _id }: Pick<MachineInstance, '_id'>): Promise<string[]> {
  const rows = await Work.native()
    .find(
      {
        actor: 'system',
        kind: { $in: kinds() },
        idempotencyKey: { $gte: `e.${_id}-`, $lt: `e.${_id}.` },
        state: { $in: ['dead', 'refused'] },
      },
      { maxTimeMS: limits.mongoMs, projection: { idempotencyKey: 1 } },
    )
    .limit(mostFailed)
    .toArray();
  const places = rows.flatMap(({ idempotencyKey = '' }) => {
    // Keys of instances may end in a number themselves: two numbers and no more are a step and an effect of this one.
    const [, seq, index] = /^-(\d+)-(\d+)$/u.exec(idempotencyKey.slice(`e.${_id}`.length)) ?? [];
    return seq === undefined || index === undefined ? [] : [{ seq: Number(seq), index: Number(index) }];
  });
  const steps = await Transitions.native()
    .find(
      { instance: _id, seq: { $in: [...new Set(places.map(({ seq }) => seq))] } },
      { maxTimeMS: limits.mongoMs, projection: { seq: 1, effects: 1 } },
    )
    .limit(mostFailed)
    .toArray();
  const bySeq = new Map(steps.map(({ seq, effects }) => [seq, effects]));
  return places.flatMap(({ seq, index }) => bySeq.get(seq)?.[index]?.name ?? []);
}

function kinds(): string[] {
  return [...new Set([sendKind, createKind, ...[...machineEffects.values()].map(({ kind }) => kind)])];
}
