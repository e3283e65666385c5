// The error of a chart that cannot do what it was asked. Thrown by the kernel, told apart by the machines' commands.

/** A chart, a guard or an action failed: the step was not taken, and would not be at another try. */
export class MachineFault extends Error {
  constructor(message: string, cause?: unknown) {
    super(cause instanceof Error ? `${message}: ${cause.message}` : message, { cause });
    this.name = 'MachineFault';
  }
}
