// Whom an instance concerns and what it waits for from them: computed at every step, so that each finds theirs by an index.
// Pure. Called by instance.ts.
import type { MachineDefinition, MachinePeople } from './definition.ts';
import { accepts, type Step } from './kernel.ts';
import { standsFor } from './people.ts';
import type { MachineInstance, MachineTask } from './store.ts';

/**
 * The tasks of an instance after a step, guards aside; those of before keep when they began. What anybody may do is
 * nobody's task.
 */
function tasksAfter(
  definition: MachineDefinition,
  taken: Pick<Step, 'snapshot' | 'status'>,
  people: MachinePeople,
  before: readonly MachineTask[],
  now: Date,
): MachineTask[] {
  const titled = Object.entries(definition.events).filter(([, { task }]) => task !== undefined);
  // Most definitions have none: asking the chart what it accepts is not free.
  if (titled.length === 0 || taken.status !== 'active') {
    return [];
  }
  const accepted = new Set(accepts(definition, taken.snapshot));
  return titled
    .filter(([event]) => accepted.has(event))
    .map(([event, { task = '', from }]) => ({
      event,
      title: task,
      names: standsFor(from, people).filter((name) => name !== 'anyone'),
      since: before.find((one) => one.event === event)?.since ?? now,
    }))
    .filter(({ names }) => names.length > 0);
}

type Concerns = Pick<MachineInstance, 'owner' | 'members' | 'readers' | 'tasks' | 'taskNames'>;

/** Whom an instance concerns after a step. What was forked concerns nobody but who operates machines. */
export function concernsAfter(
  definition: MachineDefinition,
  before: Pick<MachineInstance, 'key' | 'tasks' | 'forkedFrom'>,
  taken: Pick<Step, 'snapshot' | 'status' | 'context'>,
  now: Date,
): Concerns {
  if (before.forkedFrom) {
    return { owner: null, members: [], readers: [] };
  }
  const people = definition.people(before.key, taken.context);
  const tasks = tasksAfter(definition, taken, people, before.tasks ?? [], now);
  const { owner, members } = people;
  const concerned = { owner, members, readers: standsFor(definition.access.read, people) };
  return tasks.length === 0
    ? concerned
    : { ...concerned, tasks, taskNames: [...new Set(tasks.flatMap(({ names }) => names))] };
}
