// The rows of migrations: what was asked for, and of which instances. Private to this area. How far each has come is told
// by its instances' steps and work rows.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** Instances of one version that are to run on another one. */
export interface MigrationRow {
  readonly _id: string;
  readonly type: string;
  readonly from: number;
  readonly to: number;
  /** The plan as JSON text: its members may begin with a `$`. */
  readonly plan: string;
  /** Ids of the instances, `<type>.<key>`. */
  readonly instances: readonly string[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly rev: number;
}

/** All migrations. */
export const MachineMigrations = defineCollection<MigrationRow>(
  'machine_migrations',
  {
    type: String,
    from: Number,
    to: Number,
    plan: String,
    instances: [String],
    createdBy: String,
    createdAt: Date,
    rev: Number,
  },
  [{ key: { type: 1, _id: -1 } }],
);

/** What names the work row, and the step, that moves one instance of a migration. */
export function migrationCause(migration: string, instance: string): string {
  return `m.${migration}.${instance}`;
}
