// The rows of definitions that are data: types, and the versions of each. Private to this area.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** `draft`: kept, for nobody yet · `active`: instances may be made of it · `retired`: not any more. */
export type DefinitionStatus = 'draft' | 'active' | 'retired';

/** One version of a type. What it says never changes; only its status does. */
export interface DefinitionRow {
  /** `<type>@<version>`. */
  readonly _id: string;
  readonly type: string;
  readonly version: number;
  /** The definition as it was given, as JSON text: its members may begin with a `$`. */
  readonly source: string;
  /** SHA-256 of its canonical JSON. */
  readonly hash: string;
  readonly status: DefinitionStatus;
  /** What the lint had to say at registration. */
  readonly warnings: readonly Finding[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly rev: number;
}

/** Something a lint found, and the JSON pointer to where. */
export interface Finding {
  readonly code: string;
  readonly pointer: string;
  readonly detail: string;
}

/** A type that is defined by data. */
export interface TypeRow {
  /** The type. */
  readonly _id: string;
  /** The version new instances run on; null where none may be made. */
  readonly current: number | null;
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
    status: String,
    warnings: [Object],
    createdBy: String,
    createdAt: Date,
    rev: Number,
  },
  [{ key: { type: 1, version: 1 }, unique: true }],
);

/** Every type that is data. */
export const MachineTypes = defineCollection<TypeRow>('machine_types', {
  current: Number,
  latest: Number,
  rev: Number,
});

/** The id of a version. */
export function definitionId(type: string, version: number): string {
  return `${type}@${version}`;
}
