// What a step leaves to be done between a machine and its children: rows that begin, tell, stop and report. Pure.
//
// A child that is a machine is an instance of its own. Its rows and those of its parent are drained in the order they
// were made, so that it is begun before it is told anything and told everything before it is stopped.
import type { z } from 'zod';
import type { WorkDraft } from '#src/platform/commands/command.ts';
import { sha256 } from '#src/platform/ids.ts';
import { effectPrefix } from '#src/platform/machines/effects.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { childName, type Advance } from '#src/platform/machines/instance.ts';
import type { ChildRef } from '#src/platform/machines/kernel.ts';
import { instanceId, type MachineInstance } from '#src/platform/machines/store.ts';
import { createInput, createKind, longestId, sendInput, sendKind } from '../state-machine.schema.ts';
import { childEndKind, childStopKind } from './children.schema.ts';

/** The key of the instance that is a child; its parent's type stands in it, since two types may have the same keys. */
export function childKey(parent: string, { id, generation }: ChildRef): string {
  const suffix = `.${id}.${generation}`;
  const whole = `${parent}${suffix}`;
  return whole.length <= longestId ? whole : `${sha256(parent).slice(0, 40)}${suffix}`;
}

/**
 * True for ids that `childKey` makes, and for others that could be told from them by nobody. Whoever might take one
 * beforehand would keep the child from being begun.
 */
export function isChildKey(id: string): boolean {
  return /^(?:[A-Za-z][A-Za-z0-9_-]{0,63}\..+|[0-9a-f]{40})\..+\.[1-9]\d*$/u.test(id);
}

/** The rows of a step for its children and its parent, in the order in which they have to be done. */
export function childWorkOf(advance: Advance): WorkDraft[] {
  const cause = `e.${advance.instance._id}-${advance.transition.seq}`;
  return [
    ...spawnsOf(advance, cause),
    ...sendsOf(advance, cause),
    ...stopsOf(advance, cause),
    ...endOf(advance, cause),
  ];
}

function spawnsOf({ instance, step }: Advance, cause: string): WorkDraft[] {
  return step.spawns
    .filter(({ src }) => !src.startsWith(effectPrefix))
    .map(({ id, generation, src, input }, index) => {
      const link = { instance: instance._id, child: { id, generation } };
      const born = { type: src, id: childKey(instance._id, { id, generation }), parent: link };
      return {
        kind: createKind,
        input: fitting(createInput, input === null ? born : { ...born, input }, `The child ${id}`),
        cause: `${cause}-c${index}`,
        // That it was begun is no end; that it could not be is one.
        tell: { kind: childEndKind, input: link, only: 'failure' as const },
      };
    });
}

function sendsOf({ instance, step, children }: Advance, cause: string): WorkDraft[] {
  return step.sends.flatMap(({ to, event }, index) => {
    const { parent } = instance;
    if (to === 'parent') {
      // A chart may run with a parent or without: without one nobody listens.
      return parent ? [sent(parent.instance, event, parent.child, `${cause}-p${index}`)] : [];
    }
    const src = children.get(childName(to)) ?? '';
    if (src.startsWith(effectPrefix)) {
      throw new MachineFault(`The child ${to.id} is an effect, which takes no events`);
    }
    return [sent(instanceId(src, childKey(instance._id, to)), event, 'parent', `${cause}-m${index}`)];
  });
}

function sent(to: string, event: unknown, from: 'parent' | ChildRef, cause: string): WorkDraft {
  const dot = to.indexOf('.');
  const input = { type: to.slice(0, dot), id: to.slice(dot + 1), event, from };
  return { kind: sendKind, input: fitting(sendInput, input, 'An event for another machine'), cause };
}

function stopsOf({ instance, transition, step, children }: Advance, cause: string): WorkDraft[] {
  const undo = transition.status === 'stopped' && transition.effects.some(({ name }) => name === 'compensate');
  return step.stops.flatMap((child, index) => {
    const src = children.get(childName(child)) ?? '';
    // An effect whose row is there is done: it may be under way elsewhere. What it comes to is dropped as stale.
    return src.startsWith(effectPrefix)
      ? []
      : [
          {
            kind: childStopKind,
            input: {
              instance: instanceId(src, childKey(instance._id, child)),
              parent: { instance: instance._id, child: { id: child.id, generation: child.generation } },
              undo,
            },
            cause: `${cause}-x${index}`,
          },
        ];
  });
}

/** A child that has ended tells its parent, unless that one stopped it. */
function endOf({ instance, transition, step }: Advance, cause: string): WorkDraft[] {
  const { parent } = instance;
  if (!parent || step.status === 'active' || transition.event.type === stoppedEvent) {
    return [];
  }
  const input = { instance: parent.instance, child: parent.child, ...endAs(instance, step) };
  return [{ kind: childEndKind, input, cause: `${cause}-end` }];
}

function endAs({ _id }: MachineInstance, { status, output, error }: Advance['step']): object {
  switch (status) {
    case 'done':
      return { outcome: 'done', output };
    case 'stopped':
      return { outcome: 'failed', error: { code: 'state-machine.stopped', detail: `${_id} was cancelled` } };
    case 'active':
    case 'error':
      return { outcome: 'failed', error };
  }
}

/** What the history of a child says that its parent stopped. */
export const stoppedEvent = '@stop';

function fitting<Input>(schema: z.ZodType<Input>, input: unknown, what: string): Input {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    throw new MachineFault(`${what} cannot be asked for`, parsed.error);
  }
  return parsed.data;
}
