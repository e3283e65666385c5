// Cancelling a machine, and undoing what its effects have done: the newest first, one after another.
import { defineCommand, put, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import { halt } from '#src/platform/machines/instance.ts';
import {
  MachineInstances,
  transitionId,
  Transitions,
  type MachineInstance,
  type Undoable,
} from '#src/platform/machines/store.ts';
import { definitionOf, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { hasEnded, instanceUnknown, stepFailed } from '../state-machine.errors.ts';
import { askerOf, mayCancel, mayRead } from '../state-machine.policy.ts';
import { presentBrief, presentCancelled } from '../state-machine.presenter.ts';
import type { EventOutput } from '../state-machine.schema.ts';
import { causeOf, decisionOf, unlessFailed } from '../state-machine.workflow.ts';
import { cancelInput, undoInput, undoKind, type CancelInput, type UndoInput } from './effects.schema.ts';
import { undoDraft } from './effects.workflow.ts';

/** An instance is cancelled once: its step is found by this name. */
const cancelled = '@cancel';

/** How long is waited for an effect that is under way: doubled each time up to the longest. */
const firstLookMs = 1_000;
const longestLookMs = 600_000;

/**
 * Ends an instance: its timers and children with it, and what its effects have done so far is undone. Answers with that
 * step; once more: the same answer. Errors: `state-machine.not-found`, `request.forbidden`, `state-machine.has-ended`,
 * `state-machine.step-failed`.
 */
export const cancelInstance = defineCommand<CancelInput>({
  kind: 'state-machine.instance.cancel',
  pool: 'machines',
  input: cancelInput,
  problems: [instanceUnknown, problems.forbidden, hasEnded, stepFailed],
  key: ({ instance }) => instance,
  identity: ({ asker: _asker, ...input }) => input,
  load: async (commands, reader) => {
    const ids = commands.map(({ input }) => input.instance);
    const [instances] = await Promise.all([
      reader.read(MachineInstances, ids),
      reader.read(
        Transitions,
        ids.map((id) => transitionId(id, cancelled)),
      ),
    ]);
    await loadDefinitions(reader, instances);
  },
  decide: (state, command, now) => unlessFailed(() => decideCancel(state, command, now)),
});

/**
 * Undoes the next effect of an instance, or takes note of how undoing one ended: done, the next one follows; a dead letter
 * holds those before it up until it is redriven; a no makes this row one, whose redrive asks again. `outcome` is `undoing`,
 * `waiting` for an effect that is under way or gave up and may be redriven, `blocked`, `undone` when all are, or `stale`.
 */
export const undoEffect = defineCommand<UndoInput>({
  kind: undoKind,
  pool: 'machines',
  input: undoInput,
  key: ({ instance }) => instance,
  load: async (commands, reader) => {
    const [instances] = await Promise.all([
      reader.read(
        MachineInstances,
        commands.map(({ input }) => input.instance),
      ),
      reader.read(
        DeadLetters,
        commands.map(({ id }) => id),
      ),
    ]);
    await reader.read(
      Work,
      instances.flatMap((instance) =>
        [...(instance?.undo ?? []), ...(instance?.undoing ?? [])].map(({ work }) => work),
      ),
    );
  },
  decide: decideUndo,
});

function decideCancel(state: State, command: Command<CancelInput>, now: Date): Decision | AppError {
  const { instance: id, reason } = command.input;
  const instance = state.get(MachineInstances, id);
  if (!instance) {
    return instanceUnknown(`There is no machine ${id}`);
  }
  const definition = definitionOf(state, instance);
  const asker = askerOf(command);
  const verdict = mayCancel(asker, instance, definition.access);
  if (verdict !== 'yes') {
    return verdict === 'forbidden'
      ? problems.forbidden('You may not cancel this machine')
      : instanceUnknown(`There is no machine ${id}`);
  }
  const shown = (outcome: EventOutput) => (mayRead(asker, instance.readers) ? outcome : presentBrief(outcome));
  const earlier = state.get(Transitions, transitionId(id, cancelled));
  if (earlier) {
    return { result: shown(presentCancelled(instance, earlier)), replayed: true };
  }
  const event = { type: cancelled, ...(reason === undefined ? {} : { reason }) };
  const taken = halt(definition, instance, event, true, causeOf(command, now, cancelled));
  return taken.accepted
    ? { ...decisionOf(definition, taken), result: shown(presentCancelled(instance, taken.transition)) }
    : hasEnded(`${id} has the status ${instance.status}`);
}

function decideUndo(state: State, command: Command<UndoInput>, now: Date): Decision {
  const { instance: id, undone, outcome } = command.input;
  const instance = state.get(MachineInstances, id);
  const undoing = instance?.undoing ?? [];
  const ended = undoing.find(({ work }) => work === undone);
  if (!instance || (undone !== undefined && !ended)) {
    return { result: { outcome: 'stale' } };
  }
  if (outcome === 'dead') {
    return { result: { outcome: 'blocked' } };
  }
  const again = timesRedriven(state, command);
  if (outcome === 'refused' && again === '') {
    throw new Error(refusal(id, ended, command.input));
  }
  return undoLast(state, instance, outcome === 'done' ? without(undoing, ended) : undoing, { command, again, now });
}

/** What tells this try of a row from those before it was redriven; empty at first. */
function timesRedriven(state: State, { id }: Command): string {
  const { redrives = 0 } = state.get(DeadLetters, id) ?? {};
  return redrives === 0 ? '' : `.${id}.${redrives}`;
}

function without(undoing: readonly Undoable[], ended: Undoable | undefined): readonly Undoable[] {
  return undoing.filter((effect) => effect !== ended);
}

function refusal(instance: string, ended: Undoable | undefined, { error }: UndoInput): string {
  return `Undoing ${ended?.name ?? 'an effect'} of ${instance} was refused: ${error?.code ?? 'without a reason'}`;
}

interface Turn {
  readonly command: Command<UndoInput>;
  /** What tells this try from earlier ones, where there were. */
  readonly again: string;
  readonly now: Date;
}

function undoLast(state: State, instance: MachineInstance, waiting: readonly Undoable[], turn: Turn): Decision {
  const { _id, owner } = instance;
  const about = { instance: _id, owner, actor: turn.command.actor };
  let left = waiting;
  for (const last of waiting.toReversed()) {
    const row = state.get(Work, last.work);
    if (row?.state === 'new') {
      return { ...remaining(instance, left, turn.now), work: [laterLook(last, turn)], result: { outcome: 'waiting' } };
    }
    if (row?.state === 'dead') {
      // Its redrive may still do it: it is kept, and holds nobody up.
      continue;
    }
    // What was refused has nothing to undo.
    const draft = row?.state === 'done' ? undoDraft(last, row.result, about, turn.again) : null;
    if (draft) {
      return {
        ...remaining(instance, left, turn.now),
        work: [draft],
        result: { outcome: 'undoing', effect: last.name },
      };
    }
    left = without(left, last);
  }
  const gaveUp = left.at(-1);
  return {
    ...remaining(instance, left, turn.now),
    // It may be come back to after others, so that its looks are named by the row that asks for them.
    ...(gaveUp ? { work: [{ ...laterLook(gaveUp, turn), cause: `u.${gaveUp.work}.${turn.command.id}` }] } : {}),
    result: { outcome: gaveUp ? 'waiting' : 'undone' },
  };
}

function remaining(instance: MachineInstance, undoing: readonly Undoable[], now: Date): Pick<Decision, 'writes'> {
  return undoing === instance.undoing
    ? {}
    : { writes: [put(MachineInstances, { ...instance, undoing, rev: instance.rev + 1, updatedAt: now })] };
}

function laterLook({ work }: Undoable, { command: { input }, now }: Turn) {
  const looks = (input.looks ?? 0) + 1;
  const waitMs = Math.min(firstLookMs * 2 ** (looks - 1), longestLookMs);
  return {
    kind: undoKind,
    input: { instance: input.instance, looks },
    cause: `u.${work}.l${looks}`,
    notBefore: new Date(now.getTime() + waitMs),
  };
}
