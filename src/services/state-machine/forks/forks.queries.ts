// What an instance was at a step: its log, played again.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { forkSource, type ForkSource } from '#src/platform/machines/fork.ts';
import { Replay, ReplayFault } from '#src/platform/machines/replay.ts';
import { Transitions, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { Turns } from '#src/platform/turns.ts';
import { definitionFor } from '../definitions/definitions.workflow.ts';
import { stepUnknown } from '../pictures/pictures.errors.ts';
import { readInstance } from '../state-machine.queries.ts';
import { notReplayable } from './forks.errors.ts';

/**
 * What of an instance another one goes on from, after a step. Errors: `state-machine.not-found`,
 * `state-machine.step-unknown`, `state-machine.not-replayable`.
 */
export async function sourceAt(caller: Asker, type: string, id: string, seq: number): Promise<ForkSource> {
  const instance = await readInstance(caller, type, id);
  if (seq > instance.seq) {
    throw stepUnknown(`${instance._id} has taken ${instance.seq} steps`);
  }
  if (seq > limits.machineReplaySteps) {
    throw notReplayable(`At most ${limits.machineReplaySteps} steps are played again`);
  }
  try {
    return await played(instance, seq);
  } catch (error) {
    if (error instanceof ReplayFault || error instanceof MachineFault) {
      const at = error instanceof ReplayFault ? { extensions: { seq: error.seq } } : {};
      throw notReplayable(error.message, at);
    }
    throw error;
  }
}

async function played(instance: MachineInstance, seq: number): Promise<ForkSource> {
  const replay = new Replay(instance);
  const versions = new Map<number, MachineDefinition>();
  const turns = new Turns(limits.answerMs);
  let last: Transition | undefined;
  const rows = Transitions.native()
    .find({ instance: instance._id, seq: { $lte: seq } }, { maxTimeMS: limits.answerMs })
    .sort({ seq: 1 })
    .limit(seq + 1);
  for await (const row of rows) {
    if (!(await turns.next())) {
      throw new ReplayFault(row.seq, 'playing what came before has taken too long');
    }
    const definition = versions.get(row.version) ?? (await definitionFor(instance.type, row.version));
    if (!definition || row.seq !== (last ? last.seq + 1 : 0)) {
      throw new ReplayFault(row.seq, definition ? 'the one before is missing' : 'its definition is not known');
    }
    versions.set(row.version, definition);
    replay.take(definition, row);
    last = row;
  }
  if (last?.seq !== seq) {
    throw new ReplayFault(seq, 'it is missing');
  }
  return forkSource(replay.instance, last);
}
