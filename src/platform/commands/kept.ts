// What an owner remembers of what it committed, so that the next batch need not read it again. Only of collections that
// say so (`kept`): there nobody else writes a document while its shard has this owner.
import { LRUCache } from 'lru-cache';
import type { Collection } from '../mongo/collection.ts';

type Document = { _id: string };

/** Documents and their weight together that are remembered at most, and what one may weigh: some tens of megabytes. */
const most = { documents: 20_000, weight: 16_000_000, each: 8_000 } as const;
const memberWeight = 8;

/** Committed documents of one tenure's shards. Forgotten whenever it is not certain that nobody else wrote one. */
export class Kept {
  readonly #documents = new LRUCache<string, Document>({ max: most.documents, maxSize: most.weight });

  /** The document as it was committed last; undefined where that is not known. */
  get<Doc extends Document>(from: Collection<Doc>, id: string): Doc | undefined {
    return from.kept ? (this.#documents.get(nameOf(from, id)) as Doc | undefined) : undefined;
  }

  /** Remembers a committed document, unless it is a large one. */
  set(into: Pick<Collection<Document>, 'name' | 'kept'>, doc: Document): void {
    if (!into.kept) {
      return;
    }
    const name = nameOf(into, doc._id);
    const size = weightOf(doc, most.each);
    if (size < most.each) {
      this.#documents.set(name, doc, { size });
    } else {
      this.#documents.delete(name);
    }
  }

  /** Knows nothing any more. */
  forget(): void {
    this.#documents.clear();
  }
}

function nameOf({ name }: { readonly name: string }, id: string): string {
  return `${name} ${id}`;
}

/** About how many characters a document has, with so many for each member; looks no further than `enough`. */
function weightOf(value: unknown, enough: number): number {
  if (typeof value === 'string') {
    return value.length + memberWeight;
  }
  if (typeof value !== 'object' || value === null) {
    return memberWeight;
  }
  let weight = memberWeight;
  for (const inner of Object.values(value)) {
    weight += weightOf(inner, enough - weight);
    if (weight >= enough) {
      break;
    }
  }
  return weight;
}
