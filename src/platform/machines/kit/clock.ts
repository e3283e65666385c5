// The moment of a machine in memory: a clock that is moved by hand, timers in the order they are due, and what the
// machines of one run still have to do. Used by run.ts only.
import type { Surroundings } from '../surroundings.ts';
import type { TimerDraft } from '../step.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A stretch of time: milliseconds, or a number with `ms`, `s`, `m`, `h` or `d`: `90s`, `3d`. */
export type Duration = number | string;

/** What one call from outside may set off. A chart that passes it goes round in circles. */
const maxTasks = 10_000;

/** A duration in milliseconds. Throws RangeError on anything else. */
export function milliseconds(duration: Duration): number {
  if (typeof duration === 'number' && Number.isInteger(duration) && duration >= 0) {
    return duration;
  }
  const [, amount, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/u.exec(String(duration)) ?? [];
  if (amount === undefined) {
    throw new RangeError(`${duration} is no stretch of time: write milliseconds, or a number with ms, s, m, h or d`);
  }
  return Math.round(Number(amount) * (units[unit] ?? 1));
}

/** A timer that is armed, and what it does when it goes off. */
export interface Waiting extends TimerDraft {
  /** The machine that waits, by whatever tells it from the others. */
  readonly whose: unknown;
  readonly goOff: () => void;
}

/** One clock for a machine and its children. */
export class Clock {
  now: Date;
  readonly actor: string;
  private waiting: Waiting[] = [];
  private readonly tasks: (() => void)[] = [];
  /** Armed and past their moment: they wait for time to pass again. */
  private late: ReadonlySet<Waiting> = new Set();

  constructor(now: Date, actor: string) {
    this.now = now;
    this.actor = actor;
  }

  around(): Surroundings {
    return { now: this.now, actor: this.actor };
  }

  /** To be done after all that is under way, in the order it was asked for. */
  later(task: () => void): void {
    this.tasks.push(task);
  }

  arm(timer: Waiting): void {
    this.waiting.push(timer);
  }

  /** Takes timers away without letting them go off. */
  drop(which: (timer: Waiting) => boolean): void {
    this.waiting = this.waiting.filter((timer) => !which(timer));
  }

  /** Those of one machine or of all, in the order they are due; at one moment, in the order they were armed. */
  timers(whose?: unknown): Waiting[] {
    return this.waiting
      .filter((timer) => whose === undefined || timer.whose === whose)
      .toSorted((left, right) => left.dueAt.getTime() - right.dueAt.getTime());
  }

  /** Lets one timer go off, at its moment or now where that is past; those that were due before it are late. */
  goOff(timer: Waiting): void {
    this.drop((other) => other === timer);
    this.now = new Date(Math.max(this.now.getTime(), timer.dueAt.getTime()));
    this.late = new Set(this.waiting.filter(({ dueAt }) => dueAt <= this.now));
    timer.goOff();
    this.settle();
  }

  /** Does all there is to do now; timers without a delay are due at once. Throws where there is no end to it. */
  settle(): void {
    this.until(this.now);
  }

  /** Lets time pass. */
  advance(duration: Duration): void {
    this.late = new Set();
    this.until(new Date(this.now.getTime() + milliseconds(duration)));
  }

  private until(end: Date): void {
    for (let done = 0; done < maxTasks; done++) {
      const task = this.tasks.shift();
      const due = task ? undefined : this.timers().find((timer) => timer.dueAt <= end && !this.late.has(timer));
      if (task) {
        task();
      } else if (due) {
        this.drop((other) => other === due);
        this.now = new Date(Math.max(this.now.getTime(), due.dueAt.getTime()));
        due.goOff();
      } else {
        this.now = end;
        return;
      }
    }
    throw new Error(`The machines are not quiet after ${maxTasks} steps: something goes round in circles`);
  }
}
