// One way to keep machines, running: how its callers ask, which processes are whose, and how it is checked afterwards.

/** A variant that runs. */
export interface Variant {
  readonly name: string;
  /** Processes by what they are, for the CPU they use. */
  readonly groups: Readonly<Record<string, readonly number[]>>;
  /** Sends one event to an instance (0 to 999) and waits for the durable answer; true for a yes. */
  send(instance: number, caller: number): Promise<boolean>;
  /** Says in one line whether what it keeps agrees with the number of events it said yes to. */
  check(accepted: number): Promise<string>;
  stop(): Promise<void>;
}

/** Instances of each variant. */
export const instances = 1_000;

/** The name of an instance. */
export const nameOf = (instance: number): string => `t${String(instance)}`;
