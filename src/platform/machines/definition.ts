// What the kernel is handed: a chart of machines/ with the schemas of its input and events.
import type { AnyStateMachine } from 'xstate';
import type { z } from 'zod';

/** An event a machine takes, and who may send it from outside. */
export interface MachineEvent {
  readonly payload: z.ZodType;
  /** `owner`: the person the instance is about, too · `operator`: only `machine.operate` and the product itself. */
  readonly from: 'owner' | 'operator';
}

/** One version of one type of machine. Instances stay on the version they were made with. */
export interface MachineDefinition {
  readonly type: string;
  readonly version: number;
  readonly machine: AnyStateMachine;
  readonly input: z.ZodType;
  readonly events: Readonly<Record<string, MachineEvent>>;
  /** The user an instance is about; the default reader and sender. Null: operators only. */
  readonly owner: (id: string) => string | null;
}
