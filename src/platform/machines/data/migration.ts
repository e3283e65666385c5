// What a migration is asked to do, and what it comes to. The work is in migrate.ts.
import { z } from 'zod';
import type { Json } from '../json.ts';
import type { Step } from '../kernel.ts';
import type { ArmedTimer } from '../store.ts';
import type { Finding } from './findings.ts';
import type { Cel } from './source.ts';
import { cel, template } from './template-schema.ts';

const path = z.string().regex(/^[A-Za-z0-9_-]{1,100}(?:\.[A-Za-z0-9_-]{1,100}){0,19}$/u, 'must be a path of states');

/** How instances get from one version to another. */
export interface MigrationPlan {
  /** Old paths of states and new ones; a path takes what is inside it along. What is not named keeps its path. */
  readonly states?: Readonly<Record<string, string>> | undefined;
  /** Members that are changed, or an expression for the whole. Expressions see `context`, `id`, `now`, `actor`. */
  readonly context?: Readonly<Record<string, Json>> | Cel | undefined;
  /**
   * By the names of timers. `keep`: due when it was due · `restart`: armed anew, with the new version's delay · `drop`:
   * not waited for any more. Unnamed: kept where the new state waits for the same delay, and otherwise dropped.
   */
  readonly timers?: Readonly<Record<string, 'keep' | 'restart' | 'drop'>> | undefined;
}

/** The members of a plan, for doors that take more beside them. */
export const planShape = {
  states: z.record(path, path).optional(),
  context: z.union([cel, z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/u), template)]).optional(),
  timers: z.record(z.string().max(1_200), z.enum(['keep', 'restart', 'drop'])).optional(),
} as const;

/** Checks a plan. */
export const migrationPlan: z.ZodType<MigrationPlan> = z.strictObject(planShape);

/** An instance on another version, as data. */
export interface Migration {
  readonly accepted: true;
  /** Its snapshot and what follows: timers to arm, children to begin and to stop. Nothing was entered or left. */
  readonly step: Step;
  /** The timers that go on, by the ids they have. */
  readonly timers: readonly ArmedTimer[];
  /** Those of them that have another name or lead elsewhere now: their rows are written again. */
  readonly renamed: readonly ArmedTimer[];
  readonly dropped: readonly ArmedTimer[];
}

/** Why an instance cannot be migrated so; nothing happened. */
export interface MigrationRefused {
  readonly accepted: false;
  readonly reasons: readonly Finding[];
}
