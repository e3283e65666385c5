// The writes of machines: send an event. Run by the owner of the instance's shard, so that its steps follow one another.
// How instances begin: creation/.
import { defineCommand, put, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import { AppError, problems } from '#src/platform/errors.ts';
import { fieldProblems } from '#src/platform/http/problem.ts';
import { canonicalJson } from '#src/platform/ids.ts';
import type { MachineDefinition, MachineEvent } from '#src/platform/machines/definition.ts';
import { childrenOf } from '#src/platform/machines/children.ts';
import { advance, type StepCause } from '#src/platform/machines/instance.ts';
import { toJson } from '#src/platform/machines/json.ts';
import { accepts, type MachineEventInput } from '#src/platform/machines/kernel.ts';
import {
  instanceId,
  MachineInstances,
  transitionId,
  Transitions,
  type MachineInstance,
} from '#src/platform/machines/store.ts';
import { verdicts, type Verdict } from '#src/platform/machines/verdicts.ts';
import { readGivers, standingOf } from '#src/services/user/index.ts';
import { definitionOf, loadDefinitions } from './definitions/definitions.workflow.ts';
import { deferred, earlyPolicy, mostDeferred } from './early/early.workflow.ts';
import { eventNotAccepted, instanceUnknown, mailboxFull, seqDiffers, stepFailed } from './state-machine.errors.ts';
import { askerOf, mayRead, maySend, stillAsking } from './state-machine.policy.ts';
import { presentBrief, presentEarly, presentOutcome, presentVerdict } from './state-machine.presenter.ts';
import { addressedEvent, sendInput, sendKind, type EventOutput, type SendInput } from './state-machine.schema.ts';
import { causeOf, decisionOf, unlessFailed } from './state-machine.workflow.ts';

/**
 * Sends an event to an instance; answers with what it came to. The same event id again: the same answer.
 * Errors: `state-machine.not-found`, `request.forbidden`, `state-machine.seq-differs`,
 * `state-machine.event-not-accepted`, `state-machine.mailbox-full`, `state-machine.step-failed`, `request.invalid`,
 * `idempotency.body-differs`.
 */
export const sendEvent = defineCommand<SendInput>({
  kind: sendKind,
  pool: 'machines',
  input: sendInput,
  problems: [
    instanceUnknown,
    problems.forbidden,
    seqDiffers,
    eventNotAccepted,
    mailboxFull,
    stepFailed,
    problems.invalid,
  ],
  key: ({ type, id }) => instanceId(type, id),
  due: ({ notBefore }) => (notBefore === undefined ? null : new Date(notBefore)),
  schedulable: { needs: ['machine.operate'], input: addressedEvent },
  identity: ({ asker: _asker, ...input }) => input,
  load: async (commands, reader) => {
    const later = commands.filter(wasPutOff);
    const [instances] = await Promise.all([
      reader.read(MachineInstances, commands.map(instanceOf)),
      later.length === 0
        ? null
        : readGivers(
            reader,
            later.map(({ actor }) => actor),
            [],
          ),
      reader.read(
        Transitions,
        commands.filter(mayBeKnown).map((command) => transitionId(instanceOf(command), eventIdOf(command))),
      ),
    ]);
    await loadDefinitions(reader, instances);
  },
  decide: (state, command, now) => unlessFailed(() => decideSend(state, asOfNow(state, command), now), command),
});

/** An event of somebody's that was to wait: their rights are those they have when it is due. */
function wasPutOff({ input: { asker, notBefore } }: Command<SendInput>): boolean {
  return asker !== undefined && notBefore !== undefined;
}

function asOfNow(state: State, command: Command<SendInput>): Command<SendInput> {
  const { asker } = command.input;
  return asker && wasPutOff(command)
    ? { ...command, input: { ...command.input, asker: stillAsking(asker, standingOf(state, command.actor)) } }
    : command;
}

function instanceOf({ input }: Command<{ type: string; id: string }>): string {
  return instanceId(input.type, input.id);
}

/** What an event is known by in its machine: where it came from, or what its sender calls it. */
function eventIdOf({ actor, origin, input }: Command<SendInput>): string {
  return input.eventId === undefined ? origin : `c.${actor}.${input.eventId}`;
}

/** False for an event that nothing but its row names: that row is undone, so no step was made of it. */
function mayBeKnown(command: Command<SendInput>): boolean {
  return eventIdOf(command) !== `w.${command.id}`;
}

function decideSend(state: State, command: Command<SendInput>, now: Date): Decision | AppError {
  const instance = state.get(MachineInstances, instanceOf(command));
  if (!instance && command.actor === 'system') {
    // The product's own events may overtake the creation they follow: they come again instead of being lost.
    throw new Error(`There is no machine ${instanceOf(command)} yet`);
  }
  if (!instance) {
    return instanceUnknown(`There is no machine ${instanceOf(command)}`);
  }
  const definition = definitionOf(state, instance);
  const verdict = maySend(askerOf(command), instance, declaredEvent(definition, command.input.event.type));
  if (verdict === 'hidden') {
    return instanceUnknown(`There is no machine ${instance._id}`);
  }
  if (verdict === 'forbidden') {
    return problems.forbidden(`You may not send ${command.input.event.type} to this machine`);
  }
  return unlessFailed(() => send(state, command, instance, definition, now), {
    actor: command.actor,
    tell: mayRead(askerOf(command), instance.readers),
  });
}

/** What an event came to, as much of it as is for who sent it. */
function shown(command: Command<SendInput>, { readers }: MachineInstance, outcome: EventOutput) {
  return mayRead(askerOf(command), readers) ? outcome : presentBrief(outcome);
}

function declaredEvent({ events }: MachineDefinition, type: string): MachineEvent | undefined {
  return Object.hasOwn(events, type) ? events[type] : undefined;
}

function send(
  state: State,
  command: Command<SendInput>,
  instance: MachineInstance,
  definition: MachineDefinition,
  now: Date,
): Decision | AppError {
  const { expectSeq, from } = command.input;
  if (from !== undefined && !isRelated(instance, from)) {
    return { result: { outcome: 'stale' } };
  }
  const parsed = eventOf(command, definition, instance);
  const before = answeredBefore(state, command, instance, parsed);
  if (before) {
    return before;
  }
  if (expectSeq !== undefined && expectSeq !== instance.seq) {
    const detail = `${instance._id} is at ${instance.seq}, not at ${expectSeq}`;
    return seqDiffers(detail, { extensions: { seq: instance.seq } });
  }
  if (parsed instanceof AppError) {
    return parsed;
  }
  const cause = causeOf(command, now, eventIdOf(command));
  const taken = advance(definition, instance, parsed, cause);
  if (taken.accepted) {
    const result = shown(command, taken.instance, presentOutcome(instance, taken.transition));
    return { ...decisionOf(definition, taken), result };
  }
  return (
    early(definition, instance, parsed, cause, command) ??
    notAccepted(command, instance, taken.accepts, () => verdicts(definition, instance.snapshot, parsed, cause))
  );
}

/** What this very event came to earlier, where it did: it was taken, or it waits. */
function answeredBefore(
  state: State,
  command: Command<SendInput>,
  instance: MachineInstance,
  event: MachineEventInput | AppError,
): Decision | AppError | null {
  const name = eventIdOf(command);
  if (!mayBeKnown(command)) {
    return null;
  }
  const taken = state.get(Transitions, transitionId(instance._id, name));
  const known = taken ?? instance.mailbox?.find(({ eventId }) => eventId === name);
  if (!known) {
    return null;
  }
  return canonicalJson(event) === canonicalJson(known.event)
    ? {
        result: shown(command, instance, taken ? presentOutcome(instance, taken) : presentEarly(instance, 'deferred')),
        replayed: true,
      }
    : problems.keyReused();
}

/** What becomes of an event without a transition, by the definition's policy; null where it is refused. */
function early(
  definition: MachineDefinition,
  instance: MachineInstance,
  event: MachineEventInput,
  cause: StepCause,
  command: Command<SendInput>,
): Decision | AppError | null {
  switch (earlyPolicy(definition, instance, event.type)) {
    case 'ignore':
      // Nothing is written of it: its row remembers what it was answered.
      return { result: shown(command, instance, presentEarly(instance, 'ignored')) };
    case 'defer': {
      const keeping = deferred(instance, event, cause);
      return keeping
        ? {
            writes: [put(MachineInstances, keeping)],
            result: shown(command, instance, presentEarly(instance, 'deferred')),
          }
        : mailboxFull(`${mostDeferred} events wait for ${instance._id} already`);
    }
    case 'reject':
      return null;
  }
}

/** Whoever sends as a relative still is one: a former life of a child is not heard any more. */
function isRelated(instance: MachineInstance, from: NonNullable<SendInput['from']>): boolean {
  return from === 'parent'
    ? instance.parent !== undefined
    : childrenOf(instance.snapshot).some(({ id, generation }) => id === from.id && generation === from.generation);
}

/** The event with its payload checked. Undeclared types are the chart's own: relatives may send them, nobody else. */
function eventOf(
  command: Command<SendInput>,
  definition: MachineDefinition,
  instance: MachineInstance,
): MachineEventInput | AppError {
  const { type, ...payload } = command.input.event;
  const related = command.input.from !== undefined;
  const declared = declaredEvent(definition, type);
  if (!declared && related) {
    return toJson({ ...payload, type }, 'The event') as MachineEventInput;
  }
  if (!declared) {
    return notAccepted(command, instance, accepts(definition, instance.snapshot), () => []);
  }
  const parsed = declared.payload.safeParse(payload);
  if (!parsed.success) {
    return problems.invalid(undefined, { errors: fieldProblems('body', parsed.error) });
  }
  return toJson({ ...(parsed.data as object), type }, 'The event') as MachineEventInput;
}

/** Where the machine stands and what its guards say is for those who may read it. */
function notAccepted(
  command: Command<SendInput>,
  { _id, readers, seq, value }: MachineInstance,
  accepted: readonly string[],
  ask: () => readonly Verdict[],
): AppError {
  const detail = `${_id} does not take ${command.input.event.type} in its state`;
  const extensions = mayRead(askerOf(command), readers)
    ? { accepts: accepted, verdicts: ask().map(presentVerdict), seq, value }
    : { seq };
  return eventNotAccepted(detail, { extensions });
}
