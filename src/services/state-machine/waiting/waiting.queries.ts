// Waiting for machines.
import type { Asker } from '#src/platform/auth/abilities.ts';
import { instanceId, type MachineInstance } from '#src/platform/machines/store.ts';
import { watchMachine, type MachineWatch } from '#src/platform/machines/watches.ts';
import { definitionBehind } from '../definitions/definitions.workflow.ts';
import { presentState } from '../state-machine.presenter.ts';
import { readInstance } from '../state-machine.queries.ts';
import { reached } from './waiting.policy.ts';
import type { WaitOutput, WaitQuery } from './waiting.schema.ts';

/**
 * Answers when the machine is where it is waited for, when it never will be, or when the time is over; ends early when the
 * client is gone. Errors: `state-machine.not-found`, also where the caller may not read it any more; `server.unavailable`
 * where too many wait.
 */
export async function waitFor(
  caller: Asker,
  { type, id }: { readonly type: string; readonly id: string },
  { for: wanted, timeout }: WaitQuery,
  gone: AbortSignal,
): Promise<WaitOutput> {
  const until = Date.now() + timeout * 1_000;
  const watch = watchMachine(instanceId(type, id));
  try {
    for (;;) {
      const before = watch.moves;
      const instance = await readInstance(caller, type, id);
      const answer = reached(instance, wanted);
      if (answer !== 'not-yet' || isOver(watch, until, gone)) {
        return await answered(instance, answer === 'yes');
      }
      watch.rev = instance.rev;
      await watch.moved(before, until - Date.now(), gone);
    }
  } finally {
    watch.close();
  }
}

function isOver(watch: MachineWatch, until: number, gone: AbortSignal): boolean {
  return watch.over || gone.aborted || Date.now() >= until;
}

async function answered(instance: MachineInstance, isThere: boolean): Promise<WaitOutput> {
  return { reached: isThere, state: presentState(await definitionBehind(instance), instance) };
}
