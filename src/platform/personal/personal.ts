// What the product keeps about a person, part by part: for their export, and for the day they leave. Each service says it
// of its own rows (`x.personal.ts`); the user service's exports and deletions go through all parts.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import type { Collection } from '../mongo/collection.ts';

/** One part of what is kept about a person. */
export interface PersonalData {
  /** `<service>/<part>`: the name of its file in an export. */
  readonly name: string;
  /** All of it that belongs to this person, one row at a time. Credentials and their hashes are never among it. */
  rows(userId: string): AsyncIterable<unknown>;
  /**
   * Removes it, or takes the person out of it. Again changes nothing. A part without it is kept: `keeps` says why, and
   * its rows name the person by an id only, behind which nobody stands any more.
   */
  erase?(userId: string): Promise<void>;
  readonly keeps?: string;
  /** Why this person cannot leave yet, in a sentence for them; null where nothing of this part holds them. */
  holds?(userId: string): Promise<string | null>;
}

const defined = new Map<string, PersonalData>();

/** Every part that was defined, by name. */
export const personalData: ReadonlyMap<string, PersonalData> = defined;

/** Defines a part of what is kept about people. A name that is taken throws at start. */
export function definePersonalData(part: PersonalData): void {
  if (defined.has(part.name)) {
    throw new Error(`The personal data ${part.name} is defined twice`);
  }
  defined.set(part.name, part);
}

interface Owned<Doc> {
  readonly name: string;
  /** Which rows are this person's. */
  readonly of: (userId: string) => mongo.Filter<Doc>;
  /** Members that no export shows: credentials, and what is there for search only. */
  readonly without?: readonly (keyof Doc & string)[];
  /** Why they stay when the person leaves; without it they are removed. */
  readonly keeps?: string;
}

/** Defines a part that is the rows of one collection. */
export function defineOwnRows<Doc extends { _id: string }>(
  collection: Collection<Doc>,
  { name, of, without = [], keeps }: Owned<Doc>,
): void {
  const projection = Object.fromEntries(without.map((member) => [member, 0]));
  definePersonalData({
    name,
    rows: (userId) =>
      collection.native().find(of(userId), { projection, sort: { _id: 1 }, maxTimeMS: limits.mongoStreamMs }),
    ...(keeps === undefined
      ? {
          erase: async (userId) => {
            await collection.native().deleteMany(of(userId));
          },
        }
      : { keeps }),
  });
}
