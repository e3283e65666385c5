// Definitions as data: JSON with expressions of CEL, for the kernel like any other. docs/machines.md has the form.
export { compileDefinition } from './compile.ts';
export { diffDefinitions } from './diff.ts';
export { DefinitionError, type Finding, type Lint } from './findings.ts';
export { impactOf, mostPlayed, type Impact, type LoggedStep } from './impact.ts';
export { lintDefinition } from './lint.ts';
export { migrated } from './migrate.ts';
export { migrationPlan, planShape, type Migration, type MigrationPlan } from './migration.ts';
export { parseDefinition } from './schema.ts';
export { lintMachine } from './shape-of.ts';
export { simulate, type SimulatedStep, type Simulation, type StoryEvent } from './simulate.ts';
export type { DefinitionSource } from './source.ts';
export type { EffectTable } from './subject.ts';
