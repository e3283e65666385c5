// The error of a chart that cannot do what it was asked. Thrown by the kernel, told apart by the machines' commands.

/** A chart, a guard or an action failed: the step was not taken, and would not be at another try. */
export class MachineFault extends Error {
  constructor(message: string, cause?: unknown) {
    super(cause instanceof Error ? `${message}: ${cause.message}` : message, { cause });
    this.name = 'MachineFault';
  }
}

/**
 * The product as it runs here lacks what a chart needs: it does not understand the definition, or nobody does an effect.
 * Another version of the product may be able to, as while one is deployed: what nobody waits for is kept and tried again.
 */
export class LackingFault extends MachineFault {
  constructor(message: string, cause?: unknown) {
    super(message, cause);
    this.name = 'LackingFault';
  }
}
