// Instances that go on running on another version: asked for by an admin, done one by one by the owners of their shards.
import { actDone } from '#src/platform/audit/audit.ts';
import { defineCommand, insert, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import { migrated, migrationPlan, type Finding } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { move } from '#src/platform/machines/instance.ts';
import { MachineInstances, type MachineInstance } from '#src/platform/machines/store.ts';
import { definitionUnknown } from '../definitions/definitions.errors.ts';
import { definitionId, MachineDefinitions, type DefinitionStatus } from '../definitions/definitions.model.ts';
import { builtIn, isBuiltIn } from '../definitions/definitions.policy.ts';
import { definitionIn, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { stepFailed } from '../state-machine.errors.ts';
import { causeOf, decisionOf, unlessFailed } from '../state-machine.workflow.ts';
import { migrationUnknown, notATarget } from './migrations.errors.ts';
import { MachineMigrations, migrationCause, type MigrationRow } from './migrations.model.ts';
import { presentBegun } from './migrations.presenter.ts';
import { beginInput, migrateInput, type BeginInput, type MigrateInput } from './migrations.schema.ts';

/** The kind of the command that moves one instance. */
export const migrateKind = 'state-machine.instance.migrate';

/**
 * Asks for instances of one version to be moved to another: one work row for each.
 * Codes: state-machine.definition-not-found, state-machine.not-a-target.
 */
export const beginMigration = defineCommand<BeginInput>({
  kind: 'state-machine.migration.begin',
  pool: 'direct',
  input: beginInput,
  identity: ({ id: _id, instances: _instances, next: _next, ...asked }) => asked,
  problems: [definitionUnknown, notATarget],
  key: ({ type }) => `definition.${type}`,
  load: async (commands, reader) => {
    const ids = commands.flatMap(({ input: { type, from, to } }) => [definitionId(type, from), definitionId(type, to)]);
    await reader.read(MachineDefinitions, ids);
  },
  decide: (state, { id: act, input, actor }, now) => {
    const { id, type, from, to, plan, instances, next } = input;
    const refusal = refusedTarget(state, input);
    if (refusal) {
      return refusal;
    }
    const row: MigrationRow = { _id: id, type, from, to, plan, instances, createdBy: actor, createdAt: now, rev: 0 };
    const target = { type, from: String(from), to: String(to), migration: id };
    return {
      writes: [insert(MachineMigrations, row)],
      work: instances.map((instance) => ({
        kind: migrateKind,
        input: { migration: id, instance },
        cause: migrationCause(id, instance),
      })),
      events: [actDone(act, { action: 'machine.migrate', target })],
      result: presentBegun(row, next),
    };
  },
});

function refusedTarget(state: State, { type, from, to }: BeginInput): AppError | null {
  const target = statusOf(state, type, to);
  if (target === null || statusOf(state, type, from) === null) {
    return definitionUnknown(`There is no version ${target === null ? to : from} of ${type}`);
  }
  if (from === to) {
    return notATarget(`They run on version ${to} of ${type} already`);
  }
  return target === 'active' ? null : notATarget(`Version ${to} of ${type} is ${target}: activate it first`);
}

function statusOf(state: State, type: string, version: number): DefinitionStatus | null {
  if (isBuiltIn(type)) {
    return builtIn.some((one) => one.type === type && one.version === version) ? 'active' : null;
  }
  return state.get(MachineDefinitions, definitionId(type, version))?.status ?? null;
}

/**
 * Moves one instance to the version its migration names, as one step of its history. An instance that cannot be moved goes
 * on as it was. Codes: state-machine.not-a-target, state-machine.migration-not-found,
 * state-machine.step-failed.
 */
export const migrateInstance = defineCommand<MigrateInput>({
  kind: migrateKind,
  pool: 'machines',
  input: migrateInput,
  problems: [notATarget, migrationUnknown, stepFailed],
  key: ({ instance }) => instance,
  load: async (commands, reader) => {
    const inputs = commands.map(({ input }) => input);
    const [migrations, instances] = await Promise.all([
      reader.read(
        MachineMigrations,
        inputs.map(({ migration }) => migration),
      ),
      reader.read(
        MachineInstances,
        inputs.map(({ instance }) => instance),
      ),
    ]);
    const versions = migrations.flatMap((row) =>
      row ? [row.from, row.to].map((version) => ({ type: row.type, version })) : [],
    );
    await loadDefinitions(reader, [...instances, ...versions]);
  },
  decide: (state, command, now) => unlessFailed(() => decideMigrate(state, command, now)),
});

function decideMigrate(state: State, command: Command<MigrateInput>, now: Date): Decision | AppError {
  const migration = state.get(MachineMigrations, command.input.migration);
  const instance = state.get(MachineInstances, command.input.instance);
  if (!migration) {
    return migrationUnknown(`There is no migration ${command.input.migration}`);
  }
  const from = definitionIn(state, migration.type, migration.from);
  const to = definitionIn(state, migration.type, migration.to);
  if (!instance || !from || !to || instance.version !== migration.from) {
    const detail = instance ? `It runs on version ${instance.version}` : 'There is no such machine';
    return refused(command.input.instance, [{ code: 'other-version', path: '', detail }]);
  }
  const plan = migrationPlan.parse(JSON.parse(migration.plan));
  // The step is that of whoever asked for the migration; the row is only its messenger.
  const cause = { ...causeOf(command, now), actor: migration.createdBy };
  const migrating = migrated(instance, from, to, plan, cause);
  if (!migrating.accepted) {
    return refused(instance._id, migrating.reasons);
  }
  // All that says where it stands now, so that its history can be played again.
  const about = { from: from.version, to: to.version, migration: migration._id, plan: migration.plan };
  const event = { type: 'migrated', ...about };
  const taken = move(to, instance, migrating, event, cause);
  return { ...decisionOf(to, taken), result: resultOf(taken.instance, to) };
}

function refused(instance: string, reasons: readonly Finding[]): AppError {
  const detail = reasons.map((reason) => reason.detail).join('; ');
  return notATarget(`${instance}: ${detail}`.slice(0, 1_000), { extensions: { reasons } });
}

function resultOf({ seq, value, status }: MachineInstance, { version }: MachineDefinition) {
  return { version, seq, value, status };
}

/** Commands of this area. */
export const migrationCommands = [beginMigration, migrateInstance];
