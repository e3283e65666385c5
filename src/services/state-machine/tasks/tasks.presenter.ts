// Tasks as clients see them.
import type { ArmedTimer, MachineInstance, MachineTask } from '#src/platform/machines/store.ts';
import type { TaskOutput } from './tasks.schema.ts';

/** A task of an instance. */
export function presentTask(
  {
    type,
    key: id,
    timers,
  }: Pick<MachineInstance, 'type' | 'key'> & { readonly timers: readonly Pick<ArmedTimer, 'dueAt'>[] },
  { event, title, since }: MachineTask,
): TaskOutput {
  const [first] = timers.map(({ dueAt }) => dueAt).toSorted((left, right) => left.getTime() - right.getTime());
  const due = first === undefined ? {} : { dueAt: first.toISOString() };
  return { type, id, event, title, since: since.toISOString(), ...due };
}
