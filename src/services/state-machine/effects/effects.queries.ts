// Which effects that machines asked for failed.
import { limits } from '#config/limits.ts';
import { Work } from '#src/platform/commands/work.ts';
import { machineEffects } from '#src/platform/machines/effects.ts';
import type { StateValue } from '#src/platform/machines/kernel.ts';
import { Transitions, type MachineInstance } from '#src/platform/machines/store.ts';
import { createKind, sendKind } from '../state-machine.schema.ts';

const mostFailed = 50;

/** An effect that was refused or gave up; `state`: where the machine stood after the step that asked for it. */
interface FailedEffect {
  readonly name: string;
  readonly state: string | undefined;
}

/** The effects of an instance that were refused or gave up, at most fifty. */
export async function failedEffects({ _id }: Pick<MachineInstance, '_id'>): Promise<FailedEffect[]> {
  const rows = await Work.native()
    .find(
      {
        actor: 'system',
        kind: { $in: kinds() },
        // Keys of instances may end in a number themselves: two numbers and no more are a step and an effect of this one.
        idempotencyKey: {
          $gte: `e.${_id}-`,
          $lt: `e.${_id}.`,
          $regex: `^e\\.${_id.replaceAll('.', '\\.')}-\\d+-\\d+$`,
        },
        state: { $in: ['dead', 'refused'] },
      },
      { maxTimeMS: limits.mongoMs, projection: { idempotencyKey: 1 } },
    )
    .limit(mostFailed)
    .toArray();
  const places = rows.flatMap(({ idempotencyKey = '' }) => {
    const [, seq, index] = /^-(\d+)-(\d+)$/u.exec(idempotencyKey.slice(`e.${_id}`.length)) ?? [];
    return seq === undefined || index === undefined ? [] : [{ seq: Number(seq), index: Number(index) }];
  });
  const steps = await Transitions.native()
    .find(
      { instance: _id, seq: { $in: [...new Set(places.map(({ seq }) => seq))] } },
      { maxTimeMS: limits.mongoMs, projection: { seq: 1, effects: 1, to: 1 } },
    )
    .limit(mostFailed)
    .toArray();
  const bySeq = new Map(steps.map((step) => [step.seq, step]));
  return places.flatMap(({ seq, index }) => {
    const step = bySeq.get(seq);
    const effect = step?.effects[index];
    return step && effect ? [{ name: effect.name, state: pathOf(step.to) }] : [];
  });
}

/** The innermost state that a value names alone: with regions the one around them; undefined where that is the whole. */
function pathOf(value: StateValue): string | undefined {
  if (typeof value === 'string') {
    return value;
  }
  const [[name, inner] = ['', ''], ...others] = Object.entries(value);
  if (others.length > 0 || name === '') {
    return undefined;
  }
  const rest = pathOf(inner);
  return rest === undefined ? name : `${name}.${rest}`;
}

function kinds(): string[] {
  return [...new Set([sendKind, createKind, ...[...machineEffects.values()].map(({ kind }) => kind)])];
}
