// What a command is. A service defines one with `defineCommand`; the committer runs it; nothing else writes.
import type { z } from 'zod';
import type { EffectPool, PoolName } from '#config/pools.ts';
import type { Permission } from '../auth/permissions.ts';
import type { AppError, ProblemMaker } from '../errors.ts';
import type { Collection } from '../mongo/collection.ts';

/** One accepted command as `load` and `decide` see it. */
export interface Command<Input = unknown> {
  /** Id of its work row. */
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly input: Input;
  /** User id of who asked, or `system`. */
  readonly actor: string;
  /** Where it came from: `c.<actor>.<Idempotency-Key>`, `t.<timer>`, `e.<event>` or `w.<id>`. Unique within a kind. */
  readonly origin: string;
  /** Digest of the request, to tell a repeat from another request under the same key. */
  readonly requestHash: string;
  readonly requestId: string;
  readonly acceptedAt: Date;
  /** See WorkDraft. */
  readonly share?: number;
  readonly credit?: number;
}

/** Reads documents by id or by another unique member into the batch's state; each collection is asked once a call. */
export interface Reader {
  read<Doc extends { _id: string }>(from: Collection<Doc>, ids: Iterable<string>): Promise<(Doc | null)[]>;
  /** The same by another member that is unique and has an index. */
  readBy<Doc extends { _id: string }>(
    from: Collection<Doc>,
    member: keyof Doc & string,
    values: Iterable<string>,
  ): Promise<void>;
}

/**
 * The documents a batch has loaded, with the writes of the commands before this one on top. None may be changed in place:
 * what is written of a document is how the new one differs from the loaded one.
 */
export interface State {
  /** The document, or null where there is none. An id that `load` did not read throws: that is a programming error. */
  get<Doc extends { _id: string }>(from: Collection<Doc>, id: string): Doc | null;
  /** The same by another member. A value that `load` did not read with `readBy` throws. */
  getBy<Doc extends { _id: string }>(from: Collection<Doc>, member: keyof Doc & string, value: string): Doc | null;
}

/** A document to be inserted (its id must be new) or put (the whole document, replacing what is there). */
export interface Write {
  readonly op: 'insert' | 'put';
  readonly into: Collection<{ _id: string }>;
  readonly doc: { _id: string };
}

/** Something that happened: becomes a CloudEvent, and one entry in the feed of each of its audience. */
export interface EventDraft {
  readonly type: string;
  readonly subject: string;
  readonly data: Record<string, unknown>;
  /** Feeds that carry it, such as `user.<id>`. */
  readonly audience: readonly string[];
}

/** A command to be done next. `cause` makes it unique: the same cause and kind become one row, however often. */
export interface WorkDraft {
  readonly kind: string;
  readonly input: unknown;
  readonly cause: string;
  readonly notBefore?: Date;
  /** The row's id, where somebody wants to find it by it; made where it is left out. */
  readonly id?: string;
  /** What reactors may still cause from it on; as its origin has it where it is left out (events/reactor.ts). */
  readonly share?: number;
  /** What machines may still cause from it on; as its origin has it where it is left out (machines/credit.ts). */
  readonly credit?: number;
  readonly tell?: Tell;
  /** How long the row is kept once it is settled, where not as long as others. */
  readonly keepMs?: number;
}

/**
 * A command to be done when a row has ended: its input is `input` and how it ended (tell.ts). It comes once for each end;
 * a dead letter that is redriven ends again. `only`: it is not told that all went well.
 */
export interface Tell {
  readonly kind: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly only?: 'failure';
}

/** What `decide` says yes with. All of it is committed together or not at all. */
export interface Decision {
  readonly writes?: readonly Write[];
  readonly events?: readonly EventDraft[];
  readonly work?: readonly WorkDraft[];
  /** What machines may still cause from each row that follows from it; as the command has it where it is left out. */
  readonly credit?: number;
  /** The answer to the caller, stored for repeats. */
  readonly result: unknown;
  /** HTTP status of the answer where it is not the route's. */
  readonly status?: number;
  /** The answer is one that was given before: the effect had already happened. */
  readonly replayed?: boolean;
}

/**
 * How a command may be put on a schedule, where it then acts as `system` and nobody asks who set it: so whoever does must
 * hold all of `needs` beside `schedule.write`. `input` is what they may say: the command's own less what only the product
 * says of it, such as who asks.
 */
export interface Schedulability<Input> {
  readonly needs: readonly Permission[];
  readonly input: z.ZodType<Input>;
}

/** A kind of command. (Methods, so that a command of some input stands in a table of any.) */
export interface CommandDefinition<Input = unknown> {
  /** `<service>.<noun>.<verb>`. */
  readonly kind: string;
  /** The pool whose owners run it, or `direct`: one short transaction in the calling process. */
  readonly pool: Exclude<PoolName, EffectPool> | 'direct';
  readonly input: z.ZodType<Input>;
  /** What `decide` and `onDuplicate` refuse with, beside problems of every command. Documented at its routes. */
  readonly problems?: readonly ProblemMaker[];
  /** The shard key, such as `user.<id>`: commands of one key are decided one after another by one owner. */
  key(input: Input): string;
  /** Reads all that the batch's commands of this kind need. No writes, no other I/O. */
  load(commands: readonly Command<Input>[], reader: Reader): Promise<void>;
  /** Pure: what follows from this command in this state. An AppError is a final no; a throw is a fault. */
  decide(state: State, command: Command<Input>, now: Date): Decision | AppError;
  /** How it may be put on a schedule. Denied unless said; never for `direct`. */
  readonly schedulable?: Schedulability<Input>;
  /** When it may be done at the soonest, where not at once: its caller is answered 202 then. */
  due?(input: Input): Date | null;
  /** What of the input makes two requests the same, where not all of it does. */
  identity?(input: Input): unknown;
  /** What waits when a row of this kind fails: nothing (`skip`, the default) or every later row of its key (`block`). */
  readonly onFailure?: 'skip' | 'block';
  /** false: neither input nor answer is kept in a work row (credentials). Only for `direct` commands. */
  readonly recorded?: boolean;
  /** For `direct` commands: the no that a duplicate key of a collection means, by index name or collection. */
  onDuplicate?(collection: string): AppError;
}

/** Defines a command; see CommandDefinition. */
export function defineCommand<Input>(definition: CommandDefinition<Input>): CommandDefinition<Input> {
  return Object.freeze(definition);
}

/** A document that must not exist yet. */
export function insert<Doc extends { _id: string }>(into: Collection<Doc>, doc: Doc): Write {
  return { op: 'insert', into: into as unknown as Collection<{ _id: string }>, doc };
}

/** A whole document that replaces what is there. */
export function put<Doc extends { _id: string }>(into: Collection<Doc>, doc: Doc): Write {
  return { op: 'put', into: into as unknown as Collection<{ _id: string }>, doc };
}
