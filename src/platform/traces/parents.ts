// What each row of a trace followed from, by the ids and causes the rows carry. Pure; called by steps.ts.
import { originOf } from '../commands/plan.ts';
import { groupBy } from '../group-by.ts';
import { beginImport } from '../imports/import.commands.ts';
import { importKey } from '../imports/import.ts';
import type { TracedTransition, TracedWork, TraceRows } from './rows.ts';

/** A cause of the product's own: one letter, and what that says is named. */
const causeShape = /^([deirstu])\.(.+)$/u;
/** `<import>.step.<n>`, or `<import>.<place>` of a line. */
const importShape = /^(.+?)\.(?:step\.)?\d+$/u;
/** `<schedule>.<due time>`, and for what is no due run `.<revision>` or `.<command>` behind it: names hold no dot. */
const runShape = /^([^.]+)\.[^.]+\.\d{3}Z(?:\.(.+))?$/u;
/** `<instance>-<seq>-…`: the effect of a step, or what it asks of a child or a parent (`c`, `p`, `m`, `x`, `end`). */
const askedShape = /^(.+)-(?:[cpmx]?\d+|end)$/u;

/** Finds what a row followed from. What is not among the rows, because retention took it, is the request. */
export class Parents {
  readonly #requestId: string;
  readonly #ids: Set<string>;
  readonly #transitions: Map<string, TracedTransition>;
  readonly #work: Map<string, string>;
  /** By import, the row that began it and those of its steps, in their order. */
  readonly #begun: Map<string, string>;
  readonly #steps: Map<string, TracedWork[]>;
  /** By schedule, the row that made the runs that were due. */
  readonly #fired: Map<string, string>;

  constructor(requestId: string, rows: TraceRows) {
    this.#requestId = requestId;
    const all = [rows.work, rows.events, rows.transitions, rows.timers];
    this.#ids = new Set(all.flatMap((list) => list.map(({ _id }) => _id)));
    this.#transitions = new Map(rows.transitions.map((row) => [`${row.instance}-${row.seq}`, row]));
    this.#work = new Map(rows.work.map((row) => [`${row.key} ${originOf(row)}`, row._id]));
    this.#begun = new Map(rows.work.filter(({ kind }) => kind === beginImport.kind).map(({ key, _id }) => [key, _id]));
    const own = rows.work.map((row) => ({ row, cause: causeOf(row) }));
    this.#steps = groupBy(
      own.flatMap(({ row, cause }) => (cause.kind === 'i' && isStep(cause.of) ? [row] : [])),
      ({ key }) => key,
    );
    this.#fired = new Map(
      own.flatMap(({ row, cause }) => {
        const [, name, behind] = (cause.kind === 's' && runShape.exec(cause.of)) || [];
        return name !== undefined && behind !== undefined && /^\d+$/u.test(behind) ? [[name, row._id] as const] : [];
      }),
    );
  }

  /** The id where there is such a step, else the request's. */
  known(id: string | undefined): string {
    return id !== undefined && this.#ids.has(id) ? id : this.#requestId;
  }

  /** A step of a machine by the name that its timers and signals carry, `<instance>-<seq>`. */
  step(name: string): TracedTransition | undefined {
    return this.#transitions.get(name);
  }

  /** The row that was decided for this key with this origin. */
  work(key: string, origin: string): string {
    return this.known(this.#work.get(`${key} ${origin}`));
  }

  /** What a row of the product's own was asked for by; what people asked for followed from the request. */
  cause(row: TracedWork): string {
    const { kind, of } = causeOf(row);
    switch (kind) {
      case 't': // <timer>
        return this.known(of);
      case 'r': // <rule>.<event>
        return this.known(of.slice(of.indexOf('.') + 1));
      case 'd': // <row>.<n>: told how that row ended
        return this.known(withoutLast(of));
      case 'u': // <instance>-<seq>: a step begins to undo; <row>…: that row is undone
        return this.known(this.step(of)?._id ?? of.split('.')[0]);
      case 'i':
        return this.#ofImport(row, of);
      case 's':
        return this.#ofSchedule(of);
      case 'e':
        return this.#ofEvent(of);
      default:
        return this.#requestId;
    }
  }

  /** `<event>.<n>`, or what a step of a machine asks for. */
  #ofEvent(of: string): string {
    const event = this.known(withoutLast(of));
    const asked = askedShape.exec(of)?.[1];
    return event === this.#requestId && asked !== undefined ? this.known(this.step(asked)?._id) : event;
  }

  /** Steps follow from the beginning; a line was made by the last step that was done when it was. */
  #ofImport({ acceptedAt }: TracedWork, of: string): string {
    const key = importKey(importShape.exec(of)?.[1] ?? '');
    if (isStep(of)) {
      return this.known(this.#begun.get(key));
    }
    // Rows come as they were written, and no step before all lines of the one before it are settled.
    const steps = this.#steps.get(key) ?? [];
    const newest = steps.findLast(({ doneAt }) => doneAt !== undefined && doneAt <= acceptedAt);
    return this.known(newest?._id);
  }

  /** A run that was due follows from the row that fired it, one that somebody asked for from their command. */
  #ofSchedule(of: string): string {
    const [, name = '', behind] = runShape.exec(of) ?? [];
    return this.known(behind ?? this.#fired.get(name));
  }
}

/** The cause of a row as its letter and what it names, both empty where it has none: a key that a client chose is none. */
function causeOf({ actor, idempotencyKey = '' }: TracedWork): { readonly kind: string; readonly of: string } {
  const [, kind = '', of = ''] = (actor === 'system' && causeShape.exec(idempotencyKey)) || [];
  return { kind, of };
}

function isStep(of: string): boolean {
  return /\.step\.\d+$/u.test(of);
}

function withoutLast(of: string): string {
  return of.slice(0, of.lastIndexOf('.'));
}
