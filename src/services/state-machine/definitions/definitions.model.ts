// The rows of definitions that are data: types, and the versions of each. Private to this service.
import type { Finding } from '#src/platform/machines/data/data.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** `draft`: kept, for nobody yet · `active`: machines were or may be made of it · `retired`: nobody runs on it any more. */
export type DefinitionStatus = 'draft' | 'active' | 'retired';

/** One version of a type. What it says never changes; only its status does. */
export interface DefinitionRow {
  /** `<type>@<version>`. */
  readonly _id: string;
  readonly type: string;
  readonly version: number;
  /** The definition as JSON text: its members may begin with a `$`, and the order of its states counts. */
  readonly source: string;
  /** SHA-256 of `source`. */
  readonly hash: string;
  /** `<type>@<hash>`: what a type says is one version of it. */
  readonly content: string;
  readonly status: DefinitionStatus;
  /** What the lint had to say at registration; with errors there would be no row. */
  readonly warnings: readonly Finding[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly rev: number;
}

/** A type that is defined by data. */
export interface TypeRow {
  /** The type. */
  readonly _id: string;
  /** The version new machines run on, and its hash; null where none may be made. */
  readonly current: { readonly version: number; readonly hash: string } | null;
  /** The newest version there is. */
  readonly latest: number;
  readonly rev: number;
}

/** Every version of every type that is data. */
export const MachineDefinitions = defineCollection<DefinitionRow>(
  'machine_definitions',
  {
    type: String,
    version: Number,
    source: String,
    hash: String,
    content: String,
    status: String,
    warnings: [Object],
    createdBy: String,
    createdAt: Date,
    rev: Number,
  },
  [
    { key: { type: 1, version: 1 }, unique: true },
    { key: { content: 1 }, unique: true },
  ],
);

/** Every type that is data. */
export const MachineTypes = defineCollection<TypeRow>('machine_types', {
  current: Object,
  latest: Number,
  rev: Number,
});

/** The id of a version. */
export function definitionId(type: string, version: number): string {
  return `${type}@${version}`;
}
