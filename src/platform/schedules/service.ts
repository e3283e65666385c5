// Schedules, put together for the roots: what may be scheduled is what the services of this process offer for it.
import type { CommandDefinition } from '../commands/command.ts';
import type { Service } from '../registry.ts';
import { heartbeat, scheduleCommands } from './schedule.commands.ts';
import type { SchedulableCommand } from './schedule.policy.ts';
import { scheduleRoutes } from './schedule.routes.ts';

/** Schedules in the shape of a service. A direct command that says `schedulable` throws: nobody would run it. */
export function schedulesOver(services: readonly Service[]): Service {
  const offered: CommandDefinition[] = [...services.flatMap((service) => service.commands ?? []), heartbeat];
  const schedulable = new Map(
    offered
      .filter((command): command is SchedulableCommand => command.schedulable !== undefined)
      .map((command) => [command.kind, command]),
  );
  for (const { kind, pool } of schedulable.values()) {
    if (pool === 'direct') {
      throw new Error(`${kind} is a direct command and cannot be scheduled`);
    }
  }
  const commands = scheduleCommands(schedulable);
  return { name: 'schedules', routes: scheduleRoutes(commands), commands: [heartbeat, ...Object.values(commands)] };
}
