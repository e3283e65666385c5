// Inputs and outputs of the tasks that wait for somebody.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { instanceParams, time } from '../state-machine.schema.ts';

const { type, id } = instanceParams.shape;

/** `?type=` besides those of a page. */
export const tasksQuery = pageQuery.extend({ type: type.optional() });

const task = z.strictObject({
  type,
  id,
  /** The event to send. */
  event: z.string(),
  title: z.string(),
  since: time,
  /** When the machine goes on by itself: the first of its timers. */
  dueAt: time.optional(),
});

/** A page of tasks, by type and id of their machines. */
export const tasksOutput = pageOf(task);

export type TasksQuery = z.output<typeof tasksQuery>;
export type TaskOutput = z.output<typeof task>;
