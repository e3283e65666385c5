// The registry: what the services of this process offer, by name. Process roots build it from the services table and
// hand it on, so that the platform knows no service.
import type { z } from 'zod';
import type { EffectPool, PoolName } from '#config/pools.ts';
import { pools } from '#config/pools.ts';
import type { StoredCheck } from './backup/checks.ts';
import type { CommandDefinition } from './commands/command.ts';
import type { EffectDefinition } from './effects/effect.ts';
import type { Subscription } from './events/event.ts';
import type { Reactor } from './events/reactor.ts';
import type { Route } from './http/route.ts';
import type { ImportDefinition } from './imports/definition.ts';
import type { MachineDefinition } from './machines/definition.ts';
import type { MachineEffect } from './machines/effects.ts';
import type { Projection } from './commands/projection.ts';

/** A service's front door to the platform: the same shape twelve times. */
export interface Service {
  /** The name of its folder; `<name>_service` in the health answer. */
  readonly name: string;
  readonly routes?: readonly Route[];
  readonly commands?: readonly CommandDefinition[];
  /** What it does outside MongoDB. */
  readonly effects?: readonly EffectDefinition[];
  /** What charts may ask of it by name; see machines/effects.ts. */
  readonly machineEffects?: readonly MachineEffect[];
  readonly subscriptions?: readonly Subscription[];
  /** Reactions that are data. */
  readonly reactors?: readonly Reactor[];
  /** Pools it needs beside those of its commands. */
  readonly pools?: readonly PoolName[];
  readonly projections?: readonly Projection[];
  /** Files it takes in, line by line. */
  readonly imports?: readonly ImportDefinition[];
  /** Promises about what it keeps, checked in every backup. */
  readonly checks?: readonly StoredCheck[];
}

/** Services, their commands, reactions and machines, looked up by name. */
export interface Registry {
  readonly services: readonly Service[];
  readonly routes: readonly Route[];
  readonly commands: ReadonlyMap<string, CommandDefinition>;
  readonly effects: ReadonlyMap<string, EffectDefinition>;
  readonly subscriptions: ReadonlyMap<string, readonly Subscription[]>;
  readonly reactors: readonly Reactor[];
  readonly projections: ReadonlyMap<string, Projection>;
  readonly machines: ReadonlyMap<string, MachineDefinition>;
  /** What charts may ask for by name. */
  readonly machineEffects: ReadonlyMap<string, MachineEffect>;
  readonly checks: readonly StoredCheck[];
}

/** Builds the registry. A kind that two services define, or a pool that is not in config/pools.ts, throws at start. */
export function createRegistry(services: readonly Service[], machines: readonly MachineDefinition[] = []): Registry {
  const commands = new Map<string, CommandDefinition>();
  const subscriptions = new Map<string, Subscription[]>();
  for (const service of services) {
    for (const command of service.commands ?? []) {
      if (commands.has(command.kind)) {
        throw new Error(`The command ${command.kind} is defined twice`);
      }
      if (command.pool !== 'direct' && !(command.pool in pools)) {
        throw new Error(
          `The command ${command.kind} names the pool ${String(command.pool)}, which config/pools.ts lacks`,
        );
      }
      commands.set(command.kind, command);
    }
    for (const subscription of service.subscriptions ?? []) {
      subscriptions.set(subscription.on, [...(subscriptions.get(subscription.on) ?? []), subscription]);
    }
  }
  const effects = effectsOf(services, commands);
  return {
    services,
    routes: services.flatMap((service) => service.routes ?? []),
    commands,
    effects,
    subscriptions,
    reactors: services.flatMap((service) => service.reactors ?? []),
    projections: new Map(
      services.flatMap((service) => (service.projections ?? []).map((projection) => [projection.of.name, projection])),
    ),
    machines: new Map(machines.map((machine) => [machine.type, machine])),
    machineEffects: machineEffectsOf(services, (kind) =>
      effects.has(kind) ? 'key' : isQueued(commands.get(kind)) ? 'mongo' : null,
    ),
    checks: services.flatMap((service) => service.checks ?? []),
  };
}

function effectsOf(
  services: readonly Service[],
  commands: ReadonlyMap<string, CommandDefinition>,
): Map<string, EffectDefinition> {
  const effects = new Map<string, EffectDefinition>();
  for (const effect of services.flatMap((service) => service.effects ?? [])) {
    if (effects.has(effect.kind) || commands.has(effect.kind)) {
      throw new Error(`The effect ${effect.kind} is defined twice`);
    }
    effects.set(effect.kind, effect);
  }
  return effects;
}

function isQueued(command: CommandDefinition | undefined): boolean {
  return command !== undefined && command.pool !== 'direct';
}

/** By name. One that two services list, or that its kind cannot do as it says, throws: a chart would find out too late. */
function machineEffectsOf(
  services: readonly Service[],
  classOf: (kind: string) => MachineEffect['idempotency'] | null,
): Map<string, MachineEffect> {
  const effects = new Map<string, MachineEffect>();
  for (const effect of services.flatMap((service) => service.machineEffects ?? [])) {
    const { name, kind, idempotency } = effect;
    if (effects.has(name)) {
      throw new Error(`The effect ${name} of machines is listed twice`);
    }
    const actual = classOf(kind);
    if (actual === null) {
      throw new Error(`The effect ${name} of machines names ${kind}, which makes no work rows`);
    }
    if (actual !== idempotency) {
      throw new Error(`The effect ${name} of machines is of the class ${idempotency}, and ${kind} is ${actual}`);
    }
    effects.set(name, effect);
  }
  return effects;
}

/** The definition of a kind. A kind that nobody defines throws: its row becomes a dead letter, not a lost one. */
export function commandOf(registry: Registry, kind: string): CommandDefinition {
  const definition = registry.commands.get(kind);
  if (!definition) {
    throw new Error(`No service here defines the command ${kind}`);
  }
  return definition;
}

/** The pool of a kind that is run by owners. */
export function poolOf(definition: CommandDefinition): Exclude<PoolName, EffectPool> {
  if (definition.pool === 'direct') {
    throw new Error(`${definition.kind} is a direct command: it is executed, not accepted`);
  }
  return definition.pool;
}

/** What a row of a kind is made of. A kind that nobody defines throws. */
export function workKindOf(
  registry: Registry,
  kind: string,
): { pool: PoolName; input: z.ZodType; key(input: unknown, id: string): string } {
  const effect = registry.effects.get(kind);
  if (effect) {
    // An effect without a lane is alone under its own id.
    const { pool, input } = effect;
    return { pool, input, key: (given, id) => effect.lane?.(given) ?? id };
  }
  const command = commandOf(registry, kind);
  return { pool: poolOf(command), input: command.input, key: (given) => command.key(given) };
}

/** The kinds whose rows can become dead letters. */
export function queuedKinds(registry: Registry): string[] {
  const commands = [...registry.commands.values()].filter(({ pool }) => pool !== 'direct').map(({ kind }) => kind);
  return [...commands, ...registry.effects.keys()];
}

/** The pools that do a service's work. */
export function poolsOfService(service: Service): PoolName[] {
  const ofCommands = (service.commands ?? []).flatMap(({ pool }) => (pool === 'direct' ? [] : [pool]));
  const ofEffects = (service.effects ?? []).map(({ pool }) => pool);
  return [...new Set([...ofCommands, ...ofEffects, ...(service.pools ?? [])])];
}

/** True where a failed row of this kind makes later rows of its key wait. */
export function blocks(registry: Registry, row: { readonly kind: string }): boolean {
  return registry.commands.get(row.kind)?.onFailure === 'block';
}
