// One machine of a run in memory: what a step of the kernel leaves to be done is done to its clock, its children and its
// parent, in the order the product does it. What it keeps between two steps goes through JSON. Used by run.ts only.
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import type { Json } from '../json.ts';
import { complete, fail, fire, start, step, type NotAccepted } from '../kernel.ts';
import type { ChildRef, Effect, MachineEventInput, Send, Spawn, Step } from '../step.ts';
import type { Clock } from './clock.ts';

/** What the machines of one run share. */
export interface Family {
  readonly clock: Clock;
  /** The definitions of children by their `src`. */
  readonly definitions: Readonly<Record<string, MachineDefinition>>;
}

/** A child that was begun and has not ended. */
export interface OwnChild extends ChildRef {
  readonly src: string;
  readonly input: Json;
  /** What was sent to it. */
  readonly heard: MachineEventInput[];
  /** Its machine, where its definition is known. */
  member: Member | undefined;
}

interface Parent {
  readonly member: Member;
  readonly child: ChildRef;
}

type End = ChildRef & Pick<Step, 'status' | 'output' | 'error'>;

export class Member {
  readonly definition: MachineDefinition;
  readonly id: string;
  readonly family: Family;
  readonly effects: Effect[] = [];
  readonly toParent: MachineEventInput[] = [];
  /** In the order they were begun. Two lives of one name are both here until the older is ended. */
  alive: readonly OwnChild[] = [];
  stored: Json = null;
  private readonly parent: Parent | null;
  private last: Step | null = null;

  constructor(definition: MachineDefinition, id: string, family: Family, parent: Parent | null = null) {
    this.definition = definition;
    this.id = id;
    this.family = family;
    this.parent = parent;
  }

  /** The last step it took. Throws where it could not start. */
  get step(): Step {
    if (!this.last) {
      throw new Error(`${this.id} could not start`);
    }
    return this.last;
  }

  begin(input: unknown): void {
    const parsed = this.definition.input.parse(input ?? {}) as object;
    this.taken(start(this.definition, { ...parsed, id: this.id }, this.family.clock.around()));
  }

  receive(event: MachineEventInput): boolean {
    return this.took(step(this.definition, this.stored, event, this.family.clock.around()));
  }

  /** A child has come to its end; nothing happens where this life of it is over already. */
  childEnds(end: End): void {
    const child = this.living(end);
    if (!child) {
      return;
    }
    this.forget(child);
    const { definition, stored } = this;
    const around = this.family.clock.around();
    this.took(
      end.status === 'done'
        ? complete(definition, stored, end, end.output, around)
        : fail(definition, stored, end, end.error, around),
    );
  }

  private took(outcome: Step | NotAccepted): boolean {
    if (outcome.accepted) {
      this.taken(outcome);
    }
    return outcome.accepted;
  }

  private taken(taken: Step): void {
    const { clock } = this.family;
    this.last = taken;
    this.stored = JSON.parse(JSON.stringify(taken.snapshot)) as Json;
    this.effects.push(...taken.effects);
    this.arm(taken);
    taken.spawns.forEach((spawn) => clock.later(() => this.spawn(spawn)));
    taken.sends.forEach((send) => clock.later(() => this.deliver(send)));
    taken.stops.forEach((child) => clock.later(() => this.stop(child)));
    const { parent } = this;
    if (taken.status !== 'active' && parent) {
      clock.later(() => parent.member.childEnds({ ...taken, ...parent.child }));
    }
  }

  /** As instance.ts does it to rows. */
  private arm({ status, timers, cancels }: Step): void {
    const { clock } = this.family;
    const drafts = status === 'active' ? timers : [];
    const gone = new Set<string | null>([...cancels, ...drafts.map(({ sendId }) => sendId)]);
    gone.delete(null);
    clock.drop((timer) => timer.whose === this && (status !== 'active' || gone.has(timer.sendId)));
    for (const draft of drafts) {
      const goOff = (): void => {
        this.took(fire(this.definition, this.stored, draft.trigger, clock.around()));
      };
      clock.arm({ ...draft, whose: this, goOff });
    }
  }

  private spawn({ id, generation, src, input }: Spawn): void {
    const child: OwnChild = { id, generation, src, input, heard: [], member: undefined };
    this.alive = [...this.alive, child];
    const definition = Object.hasOwn(this.family.definitions, src) ? this.family.definitions[src] : undefined;
    if (!definition) {
      return;
    }
    const key = `${this.definition.type}.${this.id}.${id}.${generation}`;
    const member = new Member(definition, key, this.family, { member: this, child: { id, generation } });
    child.member = member;
    try {
      member.begin(input);
    } catch (error) {
      if (!(error instanceof MachineFault)) {
        throw error;
      }
      // A child that cannot start has failed, for its parent.
      this.family.clock.later(() => this.childEnds({ ...child, status: 'error', output: null, error: error.message }));
    }
  }

  private deliver({ to, event }: Send): void {
    if (to === 'parent') {
      this.toParent.push(event);
      this.parent?.member.hear(event);
      return;
    }
    const child = this.living(to);
    child?.heard.push(event);
    child?.member?.hear(event);
  }

  private hear(event: MachineEventInput): void {
    if (this.last?.status === 'active') {
      this.receive(event);
    }
  }

  private stop(ref: ChildRef): void {
    const child = this.living(ref);
    if (child) {
      this.forget(child);
      child.member?.halt();
    }
  }

  /** Its parent has ended it: it does nothing any more. */
  private halt(): void {
    this.family.clock.drop((timer) => timer.whose === this);
    if (this.last?.status === 'active') {
      this.last = { ...this.last, status: 'stopped' };
    }
    this.alive.forEach(({ member }) => member?.halt());
    this.alive = [];
  }

  private living({ id, generation }: ChildRef): OwnChild | undefined {
    return this.alive.find((child) => child.id === id && child.generation === generation);
  }

  private forget(child: OwnChild): void {
    this.alive = this.alive.filter((other) => other !== child);
  }
}
