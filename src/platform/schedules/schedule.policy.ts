// What may be put on a schedule, by whom, and with which input. Pure.
import type { CommandDefinition } from '../commands/command.ts';
import { problems, type AppError } from '../errors.ts';
import { fieldProblems } from '../http/problem.ts';
import { kindNotSchedulable } from './schedule.errors.ts';
import type { Schedule } from './schedule.ts';

/** A command that may be put on a schedule. */
export type SchedulableCommand = CommandDefinition & Required<Pick<CommandDefinition, 'schedulable'>>;
/** Commands that may be put on a schedule, by kind. */
export type Schedulable = ReadonlyMap<string, SchedulableCommand>;

/** Why somebody who holds these permissions may not have this done by a schedule; null where they may. */
export function faultOfWish(
  schedulable: Schedulable,
  { kind, input }: Pick<Schedule, 'kind' | 'input'>,
  holds: readonly string[],
): AppError | null {
  const target = schedulable.get(kind);
  if (!target) {
    return kindNotSchedulable(`A schedule takes ${[...schedulable.keys()].toSorted().join(', ')}`);
  }
  const forbidden = lacking(target, holds);
  if (forbidden) {
    return forbidden;
  }
  const parsed = target.schedulable.input.safeParse(input);
  return parsed.success ? null : problems.invalid(undefined, { errors: fieldProblems('body/input', parsed.error) });
}

/** A run acts as the product itself, which may do everything: whoever makes it do so must be allowed to by themselves. */
function lacking({ kind, schedulable: { needs } }: SchedulableCommand, holds: readonly string[]): AppError | null {
  const missing = needs.filter((permission) => !holds.includes(permission));
  return missing.length === 0
    ? null
    : problems.forbidden(`Only who has the permission ${missing.join(', ')} may put ${kind} on a schedule or run it`);
}

/** Why what a schedule does cannot be done any more, as a sentence; null where it can. */
export function whyStopped(schedulable: Schedulable, { kind, input }: Schedule): string | null {
  const target = schedulable.get(kind);
  if (!target) {
    return `The command ${kind} cannot be scheduled any more`;
  }
  return target.schedulable.input.safeParse(input).success
    ? null
    : `The command ${kind} does not take this input any more`;
}
