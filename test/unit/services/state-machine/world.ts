// A hand-made state for decisions about machines.
import assert from 'node:assert/strict';
import type { Command, CommandDefinition, Decision, State } from '#src/platform/commands/command.ts';
import { AppError } from '#src/platform/errors.ts';
import { MachineInstances, type ArmedTimer, type MachineInstance } from '#src/platform/machines/store.ts';
import { createInstance } from '#src/services/state-machine/creation/creation.commands.ts';

/** In milliseconds. */
export const day = 86_400_000;
/** When every world begins. */
export const begin = Date.parse('2026-01-01T00:00:00.000Z');

/** What is committed, and what one command after another makes of it. */
export class World implements State {
  readonly docs = new Map<string, Map<string, { _id: string }>>();
  now = new Date(begin);
  #orders = 0;

  get<Doc extends { _id: string }>(from: { readonly name: string }, id: string): Doc | null {
    return (this.docs.get(from.name)?.get(id) as Doc | undefined) ?? null;
  }

  getBy<Doc extends { _id: string }>(from: { readonly name: string }, member: string, value: string): Doc | null {
    return this.all<Doc>(from).find((doc) => (doc as Record<string, unknown>)[member] === value) ?? null;
  }

  all<Doc>(from: { readonly name: string }): Doc[] {
    return [...(this.docs.get(from.name)?.values() ?? [])] as unknown as Doc[];
  }

  put(into: { readonly name: string }, doc: { _id: string }): void {
    const known = this.docs.get(into.name) ?? new Map<string, { _id: string }>();
    this.docs.set(into.name, known.set(doc._id, doc));
  }

  decide<Input>(definition: CommandDefinition<Input>, input: Input, from: { actor?: string; origin?: string } = {}) {
    this.#orders += 1;
    const command: Command<Input> = {
      id: `w${this.#orders}`,
      kind: definition.kind,
      key: definition.key(input),
      input,
      actor: from.actor ?? 'admin',
      origin: from.origin ?? `w.w${this.#orders}`,
      requestHash: '',
      requestId: `r${this.#orders}`,
      acceptedAt: this.now,
    };
    return definition.decide(this, command, this.now);
  }

  /** Decides and commits. A refusal fails the test. */
  do<Input>(
    definition: CommandDefinition<Input>,
    input: Input,
    from: { actor?: string; origin?: string } = {},
  ): Decision {
    const decision = this.decide(definition, input, from);
    assert.ok(!(decision instanceof AppError), decision instanceof AppError ? decision.message : '');
    for (const { op, into, doc } of decision.writes ?? []) {
      assert.ok(op === 'put' || !this.get(into, doc._id), `${doc._id} of ${into.name} is inserted twice`);
      this.put(into, doc);
    }
    return decision;
  }

  instance(): MachineInstance {
    return this.get<MachineInstance>(MachineInstances, 'onboarding.u1') ?? assert.fail('There is no instance');
  }

  timer(sendId: string): ArmedTimer {
    return this.instance().timers.find((timer) => timer.sendId === sendId) ?? assert.fail(`${sendId} is not armed`);
  }
}

/** Who may do everything, as doors tell commands of them. */
const asker = { names: [], operates: true, readsAny: true };

/** Input that creates the instance the tests are about, from an operator. */
export const create = { type: 'onboarding', id: 'u1', input: { name: 'Ada' }, asker };
/** Input that sends it an event, from an operator. */
export const event = (type: string, more: object = {}) => ({
  type: 'onboarding',
  id: 'u1',
  event: { type },
  asker,
  ...more,
});
/** The timer that ends in dormancy. */
export const patience = 'after.patience.onboarding.registered';

/** A world with the instance in it. */
export function withInstance(): World {
  const world = new World();
  world.do(createInstance, create);
  return world;
}

/** The refusal, or a failed test. */
export function refused(decision: Decision | AppError, code: string, status: number): AppError {
  assert.ok(decision instanceof AppError, `expected ${code}, got ${JSON.stringify(decision)}`);
  assert.equal(decision.problem.code, code);
  assert.equal(decision.problem.status, status);
  return decision;
}
