// What the board shows of a job: an allow-list. Ours carry ids and sizes only, but a queue is a door: the board shows how
// much of what for whom, never what else somebody put into a job. Used by queue-board.ts.

import type { WakeJob } from '../commands/queues.ts';

/** A job as Bull Board hands it to the formatter of names. */
interface NamedJob {
  readonly name: string;
  readonly data: unknown;
}

function textsIn(value: unknown, name: string): string[] {
  const texts = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string') : [];
}

/** Kinds and size, as the producer named it, or the schedule whose time has come; any other name is nobody's of ours. */
export function jobName({ name, data }: NamedJob): string {
  if (/^schedule [\w.-]{1,128}$/u.test(name)) {
    return name;
  }
  const kinds = /^([a-z][a-z0-9.-]*(?: [a-z][a-z0-9.-]*)*) × \d+$/u.exec(name)?.[1] ?? 'added by hand';
  return `${kinds} × ${textsIn(data, 'rows').length}`;
}

/** The rows a job wakes its owner for and the requests they came from: as much as a job that is added may say. */
export function jobData(data: unknown): WakeJob {
  return { rows: textsIn(data, 'rows'), requestIds: textsIn(data, 'requestIds') };
}

/** How many rows the owner had looked at when it was through. Null while the job is not done. */
export function jobResult(value: unknown): object | null {
  const rows = typeof value === 'object' && value !== null && 'rows' in value ? value.rows : undefined;
  return typeof rows === 'number' ? { rows } : null;
}
