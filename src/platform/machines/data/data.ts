// Definitions as data: JSON with expressions of CEL, for the kernel like any other. docs/machines.md has the form.
export { compileDefinition } from './compile.ts';
export { DefinitionError, type Finding, type Lint } from './findings.ts';
export { lintDefinition } from './lint.ts';
export { parseDefinition } from './schema.ts';
export { lintMachine } from './shape-of.ts';
export { simulate, type SimulatedStep, type Simulation, type Story, type StoryEvent } from './simulate.ts';
export type { DefinitionSource } from './source.ts';
export type { EffectTable, LintOptions } from './subject.ts';
