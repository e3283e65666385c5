// What the kernel is handed: a chart of machines/ with the schemas of its input and events.
import type { AnyStateMachine } from 'xstate';
import type { z } from 'zod';
import type { Json } from './json.ts';

/**
 * Who may do something with an instance. `operator`: nobody but who has `machine.operate` and the product itself, who
 * always may · `role:<name>`: people of that role.
 */
export type Principal = 'anyone' | 'owner' | 'member' | 'operator' | `role:${string}`;

/** What comes of an event that has no transition where an instance stands: `defer` keeps it until there is one. */
export type EarlyPolicy = 'reject' | 'ignore' | 'defer';

/** An event a machine takes, and who may send it from outside. */
export interface MachineEvent {
  readonly payload: z.ZodType;
  readonly from: readonly Principal[];
  /** Other than the definition's. */
  readonly early?: EarlyPolicy;
  /** The title of the task it is for those who may send it, for as long as it is accepted. */
  readonly task?: string;
}

/** Whom an instance concerns. An owner without a name is nobody. */
export interface MachinePeople {
  readonly owner: string | null;
  readonly members: readonly string[];
}

/** One version of one type of machine. Instances stay on the version they were made with. */
export interface MachineDefinition {
  readonly type: string;
  readonly version: number;
  readonly machine: AnyStateMachine;
  readonly input: z.ZodType;
  readonly events: Readonly<Record<string, MachineEvent>>;
  readonly access: {
    readonly create: readonly Principal[];
    readonly read: readonly Principal[];
    /** Who may cancel an instance, beside whoever operates machines; left out: nobody else. */
    readonly cancel?: readonly Principal[] | undefined;
  };
  readonly early: EarlyPolicy;
  /** Whom an instance concerns, by its id and context; asked at every step. */
  readonly people: (id: string, context: Json) => MachinePeople;
}
