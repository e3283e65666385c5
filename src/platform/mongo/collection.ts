// Collections: their mongoose schemas and indexes, known to the migration step by being defined.
import mongoose, { type Model, type mongo, type SchemaDefinition } from 'mongoose';
import { limits } from '#config/limits.ts';

// Request data must never become an operator or an unknown filter member.
mongoose.set('sanitizeFilter', true);
mongoose.set('strictQuery', 'throw');
// Without a connection a command fails at once instead of waiting in mongoose for ten seconds.
mongoose.set('bufferCommands', false);

/** An index as MongoDB's createIndexes takes it. */
export interface IndexDefinition {
  readonly key: Record<string, 1 | -1>;
  readonly unique?: boolean;
  readonly partialFilterExpression?: Record<string, unknown>;
  readonly expireAfterSeconds?: number;
}

/** A collection of documents of one shape. `model` for reads with casting, `native()` for bulk work. */
export interface Collection<Doc extends { _id: string }> {
  readonly name: string;
  readonly model: Model<Doc>;
  readonly indexes: readonly IndexDefinition[];
  /** Keys of indexes of former versions, dropped by the migration step. */
  readonly retired: readonly IndexDefinition['key'][];
  /** Its documents are written by nobody but the owner of their shard, who may remember them (commands/kept.ts). */
  readonly kept: boolean;
  native(): mongo.Collection<Doc>;
}

/** The reads of a collection, and where each takes its options. */
const reads = { find: 1, findOne: 1, aggregate: 1, countDocuments: 1, distinct: 2, estimatedDocumentCount: 0 } as const;

/** The collection whose reads end: one that does not say how long it may take gets `limits.mongoDefaultMs`. */
function bounded<Doc extends { _id: string }>(collection: mongo.Collection<Doc>): mongo.Collection<Doc> {
  for (const [name, at] of Object.entries(reads)) {
    const methods = collection as unknown as Record<string, (...given: unknown[]) => unknown>;
    const read = methods[name]?.bind(collection);
    methods[name] = (...given) => {
      const options = { maxTimeMS: limits.mongoDefaultMs, ...(given[at] as object | undefined) };
      return read?.(...Array.from({ length: at }, (_, place) => given[place] ?? {}), options);
    };
  }
  return collection;
}

const defined = new Map<string, Collection<{ _id: string }>>();

/** Every collection that was defined, by name. */
export const collections: ReadonlyMap<string, Collection<{ _id: string }>> = defined;

/**
 * Defines a collection. `shape` is a mongoose schema definition; unknown members of documents and filters throw.
 * Indexes are made by the migration step before anything serves, never behind a request's back.
 */
export function defineCollection<Doc extends { _id: string }>(
  name: string,
  shape: SchemaDefinition,
  indexes: readonly IndexDefinition[] = [],
  { retired = [], kept = false }: Partial<Pick<Collection<Doc>, 'retired' | 'kept'>> = {},
): Collection<Doc> {
  const schema = new mongoose.Schema(
    { _id: { type: String, required: true }, ...shape },
    { collection: name, strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, minimize: false },
  );
  const model = mongoose.model(name, schema) as unknown as Model<Doc>;
  const native = bounded(model.collection as unknown as mongo.Collection<Doc>);
  const collection: Collection<Doc> = { name, model, indexes: [...indexes], retired, kept, native: () => native };
  defined.set(name, collection as unknown as Collection<{ _id: string }>);
  return collection;
}

/** Adds an index that a service needs on rows of the platform. Called where its own collections are defined. */
export function defineIndex<Doc extends { _id: string }>(on: Collection<Doc>, index: IndexDefinition): void {
  (on.indexes as IndexDefinition[]).push(index);
}
