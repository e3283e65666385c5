// A machine in memory, for tests of charts: the kernel as the product runs it, with a clock that is moved by hand. What
// is kept between two steps goes through JSON, as MongoDB and queues would do to it. No I/O.
import type { MachineDefinition } from '../definition.ts';
import { toJson, type Json } from '../json.ts';
import { accepts } from '../kernel.ts';
import type { ChildRef, Effect, MachineEventInput, MachineStatus, StateValue } from '../step.ts';
import { Clock, type Duration, type Waiting } from './clock.ts';
import { Member, type OwnChild } from './member.ts';

/** How a machine is run. */
export interface RunOptions {
  /** The id of the instance, which the chart sees as `input.id`; `test` where none is given. */
  readonly id?: string;
  /** When it begins; the first of January 2026 where nothing is said. */
  readonly now?: Date;
  /** Who acts; `system` where nobody is named. */
  readonly actor?: string;
  /** The definitions of children by their `src`. Those that are not here wait for `complete` or `fail`. */
  readonly children?: Readonly<Record<string, MachineDefinition>>;
}

/** A child that was begun and has not ended. */
export interface RunningChild extends ChildRef {
  readonly src: string;
  readonly input: Json;
  /** What was sent to it. */
  readonly heard: readonly MachineEventInput[];
}

/** A timer that is armed. */
export interface RunningTimer {
  /** Its send id or, where it has none, the type of the event it sends; `after` ones as `after.<delay>.<state>`. */
  readonly name: string;
  readonly dueAt: Date;
}

/**
 * Begins a machine in memory. Throws where the input does not fit the definition, MachineFault where the chart cannot
 * start.
 */
export function start(definition: MachineDefinition, input: object = {}, options: RunOptions = {}): MachineRun {
  const { id = 'test', now = new Date('2026-01-01T00:00:00.000Z'), actor = 'system', children = {} } = options;
  const clock = new Clock(now, actor);
  const member = new Member(definition, id, { clock, definitions: children });
  member.begin(input);
  clock.settle();
  return new MachineRun(member);
}

/** One machine in memory. What it shows is where it stands after all that its last event or moment set off. */
export class MachineRun {
  private readonly member: Member;
  private readonly clock: Clock;

  constructor(member: Member) {
    this.member = member;
    this.clock = member.family.clock;
  }

  /** Its id; a child's says whose it is, which, and which life of it. */
  get id(): string {
    return this.member.id;
  }

  get state(): StateValue {
    return this.member.step.value;
  }

  get status(): MachineStatus {
    return this.member.step.status;
  }

  get context(): Json {
    return this.member.step.context;
  }

  get tags(): readonly string[] {
    return this.member.step.tags;
  }

  /** What it came to, once it is `done`. */
  get output(): Json {
    return this.member.step.output;
  }

  /** Why it gave up, once its status is `error`. */
  get error(): Json {
    return this.member.step.error;
  }

  get now(): Date {
    return this.clock.now;
  }

  /** Every effect it ever asked for, in order. */
  get effects(): readonly Effect[] {
    return this.member.effects;
  }

  /** What it sent to its parent, in order. */
  get toParent(): readonly MachineEventInput[] {
    return this.member.toParent;
  }

  /** The declared events it has a transition for, guards aside. */
  get accepts(): readonly string[] {
    return accepts(this.member.definition, this.member.stored);
  }

  /** What it waits for, in the order it is due. */
  get timers(): readonly RunningTimer[] {
    return this.clock.timers(this.member).map((timer) => ({ name: nameOf(timer), dueAt: timer.dueAt }));
  }

  /** The children it has, in the order they were begun. */
  get children(): readonly RunningChild[] {
    return this.member.alive.map(({ member: _member, ...child }) => child);
  }

  /** The machine of a child. Throws where there is none, or where its definition is not known. */
  child(id: string): MachineRun {
    const { member } = this.known(id);
    if (!member) {
      throw new Error(`The definition of ${id} of ${this.id} is not known`);
    }
    return new MachineRun(member);
  }

  /**
   * Sends it an event and lets everything happen that follows at once. Throws where it is not declared, where its payload
   * does not fit, and where the machine does not take it; MachineFault where the chart fails.
   */
  send(event: MachineEventInput): void {
    if (!this.offer(event)) {
      const takes = this.accepts.join(', ') || 'nothing';
      throw new Error(`${event.type} is not taken in ${JSON.stringify(this.state)}, which takes ${takes}`);
    }
  }

  /** As `send`, but false where the machine does not take the event: nothing has changed then. */
  offer(event: MachineEventInput): boolean {
    const { type, ...payload } = event;
    const { definition } = this.member;
    const declared = Object.hasOwn(definition.events, type) ? definition.events[type] : undefined;
    if (!declared) {
      throw new Error(`${type} is not among the events of ${definition.type}`);
    }
    const parsed = { type, ...(declared.payload.parse(payload) as object) };
    const taken = this.member.receive(toJson(parsed, `The event ${type}`) as unknown as MachineEventInput);
    this.clock.settle();
    return taken;
  }

  /** Lets time pass, for its parent and children too: what is due goes off in its order. */
  advance(duration: Duration): void {
    this.clock.advance(duration);
  }

  /** Lets time pass until the next timer of it or its family goes off, with all others of that moment. False: none is armed. */
  next(): boolean {
    const [timer] = this.clock.timers();
    if (timer) {
      this.clock.advance(Math.max(0, timer.dueAt.getTime() - this.now.getTime()));
    }
    return timer !== undefined;
  }

  /**
   * Lets one timer go off before any other, at its moment; others that were due are late until time passes. Throws where it
   * waits for none of this name.
   */
  expire(name: string): void {
    const timer = this.clock.timers(this.member).find((waiting) => nameOf(waiting) === name);
    if (!timer) {
      throw new Error(`${this.id} does not wait for ${name}`);
    }
    this.clock.goOff(timer);
  }

  /** Says that a child has come to its end. Throws where there is no such child. */
  complete(id: string, output: Json = null): void {
    this.member.childEnds({ ...this.known(id), status: 'done', output, error: null });
    this.clock.settle();
  }

  /** Says that a child has failed. Throws where there is no such child. */
  fail(id: string, error: Json): void {
    this.member.childEnds({ ...this.known(id), status: 'error', output: null, error });
    this.clock.settle();
  }

  private known(id: string): OwnChild {
    const child = this.member.alive.findLast((one) => one.id === id);
    if (!child) {
      throw new Error(`${this.id} has no child ${id}`);
    }
    return child;
  }
}

function nameOf({ sendId, trigger }: Waiting): string {
  return sendId ?? ('event' in trigger ? trigger.event.type : `after.${trigger.delay}.${trigger.state}`);
}
