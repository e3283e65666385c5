// From the rows of one request to its story: steps in order of time, each with the step it followed from. Pure; called
// by traces.ts.
import type { Timer } from '../machines/store.ts';
import { Parents } from './parents.ts';
import type { TracedTransition, TracedWork, TraceRows } from './rows.ts';

/** What a step is. `done`, `refused` and `dead` say how a row ended. */
export const stepKinds = [
  'request',
  'accepted',
  'done',
  'refused',
  'dead',
  'event',
  'placed',
  'transition',
  'timer-armed',
  'timer-fired',
] as const;

/** One step. `id` is unique in its trace; `parent` is the id of the step it followed from. */
export interface Step {
  readonly at: Date;
  readonly what: (typeof stepKinds)[number];
  readonly id: string;
  readonly title: string;
  readonly parent?: string;
  readonly actor?: string;
  /** Of a row: times it failed or died with its process. */
  readonly attempts?: number;
  readonly state?: string;
  readonly error?: string;
  readonly feed?: string;
  readonly seq?: number;
}

/**
 * The steps of a request, by time. `withErrors` shows what went wrong inside, which is for operators. Rows that retention
 * has taken leave no step: what followed from them then hangs on the request.
 */
export function stepsOf(requestId: string, rows: TraceRows, withErrors: boolean): Step[] {
  const parents = new Parents(requestId, rows);
  const steps = [
    ...rows.work.flatMap((row) => workSteps(row, parents, withErrors)),
    ...rows.deadLetters.map((letter): Step => {
      const again = letter.redrives === 0 ? '' : `, redriven ${letter.redrives} times`;
      return {
        at: letter.deadAt,
        what: 'dead',
        id: `${letter._id}.dead`,
        parent: letter._id,
        title: `${letter.kind} gave up after ${letter.attempts} attempts${again}`,
        attempts: letter.attempts,
        ...(withErrors ? { error: letter.error } : {}),
      };
    }),
    ...rows.events.map(({ _id, type, subject, actor, time }): Step => {
      const parent = parents.known(_id.slice(0, _id.lastIndexOf('.')));
      return { at: time, what: 'event', id: _id, parent, title: `${type} about ${subject}`, actor };
    }),
    ...rows.places.flatMap(({ _id, feed, seq, placedAt }): Step[] => {
      const parent = parents.known(_id.slice(feed.length + 1));
      const title = `number ${seq} of the feed ${feed}`;
      return placedAt ? [{ at: placedAt, what: 'placed', id: _id, parent, title, feed, seq }] : [];
    }),
    ...rows.transitions.map((transition) => transitionStep(transition, parents)),
    ...rows.timers.flatMap((timer) => timerSteps(timer, parents, withErrors)),
  ];
  const [first, ...others] = inOrder(steps);
  return first
    ? [{ at: first.at, what: 'request', id: requestId, title: `request ${requestId}` }, first, ...others]
    : [];
}

/** By time; at the same millisecond, which is that of one commit, causes come before what follows from them. */
function inOrder(steps: readonly Step[]): Step[] {
  const parentOf = new Map(steps.map(({ id, parent }) => [id, parent]));
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const line: string[] = [];
    for (let at: string | undefined = id; at !== undefined && !depths.has(at); at = parentOf.get(at)) {
      line.push(at);
    }
    const above = depths.get(parentOf.get(line.at(-1) ?? id) ?? '') ?? 0;
    line.toReversed().forEach((each, index) => depths.set(each, above + index + 1));
    return depths.get(id) ?? 0;
  };
  return steps.toSorted(
    (left, right) =>
      left.at.getTime() - right.at.getTime() || depthOf(left.id) - depthOf(right.id) || (left.id < right.id ? -1 : 1),
  );
}

function workSteps(row: TracedWork, parents: Parents, withErrors: boolean): Step[] {
  const { _id, kind, key, actor, attempts, state, doneAt, acceptedAt, error, problem } = row;
  const tried = attempts === 0 ? {} : { attempts };
  const accepted: Step = {
    at: acceptedAt,
    what: 'accepted',
    id: _id,
    parent: parents.cause(row),
    title: `${kind} for ${key}`,
    actor,
    state,
    ...tried,
    ...(withErrors && error !== undefined ? { error } : {}),
  };
  if (doneAt === undefined || (state !== 'done' && state !== 'refused')) {
    return [accepted];
  }
  const tookMs = doneAt.getTime() - acceptedAt.getTime();
  const title = state === 'done' ? `${kind} done after ${tookMs} ms` : `${kind} refused: ${problem?.code ?? 'no'}`;
  return [accepted, { at: doneAt, what: state, id: `${_id}.${state}`, parent: _id, title, ...tried }];
}

function transitionStep(transition: TracedTransition, parents: Parents): Step {
  const { _id, instance, seq, eventId, event, actor, from, to, at } = transition;
  const moved = from === null ? `begins in ${shown(to)}` : `${shown(from)} → ${shown(to)} on ${event.type}`;
  const parent = parents.work(instance, eventId);
  return { at, what: 'transition', id: _id, parent, title: `${instance} #${seq}: ${moved}`, actor, seq };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function timerSteps(timer: Timer, parents: Parents, withErrors: boolean): Step[] {
  const { _id, sendId, dueAt, firedAt, state, error } = timer;
  const arming = parents.step(_id.slice(0, _id.lastIndexOf('-')));
  const armed: Step = {
    at: arming?.at ?? dueAt,
    what: 'timer-armed',
    id: _id,
    parent: parents.known(arming?._id),
    title: `timer ${sendId} due at ${dueAt.toISOString()}`,
    state,
  };
  if (firedAt === undefined) {
    return [armed];
  }
  const lateMs = Math.max(firedAt.getTime() - dueAt.getTime(), 0);
  const title = `timer ${sendId} went off, ${lateMs} ms late`;
  const failed = withErrors && error !== undefined ? { error } : {};
  return [armed, { at: firedAt, what: 'timer-fired', id: `${_id}.fired`, parent: _id, title, ...failed }];
}
