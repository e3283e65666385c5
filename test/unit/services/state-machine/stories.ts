// Charts made for a test, moved by hand: each step with all that is committed of it. For tests of what follows from steps.
import assert from 'node:assert/strict';
import { setup, type AnyStateMachine } from 'xstate';
import type { WorkDraft } from '#src/platform/commands/command.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import {
  advance,
  create,
  halt,
  settleChild,
  type Advance,
  type ChildEnd,
  type StepCause,
} from '#src/platform/machines/instance.ts';
import type { ChildRef, MachineEventInput, NotAccepted } from '#src/platform/machines/kernel.ts';
import { MachineInstances, Transitions, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { decisionOf, decisionOfWaiting } from '#src/services/state-machine/state-machine.workflow.ts';
import { define } from '../../platform/machines/charts.ts';

/** When everything happens. */
export const now = new Date('2026-01-01T00:00:00.000Z');

const named = setup({
  actions: {
    emit: (_, _params: object) => undefined,
    signal: (_, _params: object) => undefined,
    schedule: (_, _params: object) => undefined,
    log: (_, _params: object) => undefined,
    compensate: () => undefined,
    'grant-xp': (_, _params: object) => undefined,
    unheard: () => undefined,
  },
});

/** A chart that may name the effects of the tests, and children by any name. */
export function chart(config: object): AnyStateMachine {
  return named.createMachine(config as never) as unknown as AnyStateMachine;
}

/** An instance of a chart, and what was committed of each of its steps. */
export class Story {
  readonly definition: MachineDefinition;
  instance: MachineInstance;
  work: readonly WorkDraft[] = [];
  transitions: Transition[] = [];
  #events = 0;

  constructor(machine: AnyStateMachine, more: Partial<MachineDefinition> = {}, born: Partial<MachineInstance> = {}) {
    const events = Object.fromEntries(Object.keys(more.events ?? {}).map((type) => [type, more.events?.[type]]));
    this.definition = { ...define(machine), ...more, events: events as MachineDefinition['events'] };
    const { parent } = born;
    const made = create(
      this.definition,
      { id: born.key ?? 'k1', input: {}, inputHash: '', ...(parent ? { parent } : {}) },
      this.#cause('created'),
    );
    this.instance = made.instance;
    this.#commit(made);
  }

  /** Sends an event that must be taken. */
  send(type: string, more: Record<string, string | number> = {}): this {
    return this.take((instance, cause) =>
      advance(this.definition, instance, { type, ...more } as MachineEventInput, cause),
    );
  }

  /** Ends a child, which must still be waited for. */
  end(child: ChildRef, end: ChildEnd): this {
    return this.take((instance, cause) => settleChild(this.definition, instance, child, end, cause));
  }

  /** Ends it from outside: somebody cancels it, or its parent stops it (`@stop`). */
  cancel(type = '@cancel'): this {
    return this.take((instance, cause) => halt(this.definition, instance, { type }, true, cause));
  }

  take(step: (instance: MachineInstance, cause: StepCause) => Advance | NotAccepted): this {
    this.#events += 1;
    const taken = step(this.instance, this.#cause(`w.${this.#events}`));
    assert.ok(taken.accepted, 'the event was not accepted');
    this.#commit(taken);
    return this;
  }

  /** What was asked to be done by the last commit, by kinds. */
  kinds(): string[] {
    return this.work.map(({ kind }) => kind);
  }

  /** Goes on with the events that wait, from one on. */
  goOn(from: string): void {
    this.#committed(decisionOfWaiting(this.definition, this.instance, now, from));
  }

  #commit(taken: Advance): void {
    this.#committed(decisionOf(this.definition, taken));
  }

  #committed({ writes, work }: ReturnType<typeof decisionOf>): void {
    const written = <Doc>(into: { readonly name: string }): Doc[] =>
      writes.filter((write) => write.into.name === into.name).map(({ doc }) => doc as unknown as Doc);
    this.work = work;
    this.instance = written<MachineInstance>(MachineInstances).at(-1) ?? this.instance;
    this.transitions.push(...written<Transition>(Transitions));
  }

  #cause(eventId: string): StepCause {
    return { eventId, actor: 'u1', requestId: 'r1', now };
  }
}
