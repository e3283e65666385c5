// Lint of names: initial states, targets, ids, events, children and timers that are there or not, or there twice.
import { pointerTo, type Finding, type Lint } from './findings.ts';
import type { Subject } from './subject.ts';
import { actionListsOf, type ModelState } from './model.ts';
import { actionsOf, type ActionSource } from './source.ts';

/** Names of a definition that lead nowhere or to two places. */
export function nameFindings(subject: Subject): Lint {
  const { states } = subject.model;
  const events = eventFindings(subject);
  return {
    errors: [
      ...states.flatMap(stateErrors),
      ...states.flatMap(unknownTargets),
      ...duplicates(states),
      ...childErrors(subject),
      ...timerErrors(states),
      ...events.errors,
    ],
    warnings: events.warnings,
  };
}

function stateErrors(state: ModelState): Finding[] {
  const { written, pointer, parent, states } = state;
  const { type } = written;
  const findings = [...beginningErrors(state), ...kindErrors(written, pointer)];
  if (type === 'parallel' && states.length === 0) {
    const detail = 'A parallel state has states inside it';
    findings.push({ code: 'kind', path: pointerTo(pointer, 'type'), detail });
  }
  if (parent === null && (type === 'final' || type === 'history')) {
    findings.push({ code: 'kind', path: '/type', detail: `The machine as a whole is not ${type}` });
  }
  return findings;
}

function beginningErrors({ written: { type, initial }, pointer, path, states }: ModelState): Finding[] {
  const compound = type === undefined && states.length > 0;
  const name = path || 'The machine';
  if (compound && initial === undefined) {
    return [
      { code: 'missing-initial', path: pointer, detail: `${name} has states and does not say which comes first` },
    ];
  }
  const fits = initial === undefined || (compound && states.some((inner) => inner.name === initial));
  const detail = `${name} has no state ${initial ?? ''} to begin with`;
  return fits ? [] : [{ code: 'unknown-target', path: pointerTo(pointer, 'initial'), detail }];
}

/** Members that a final or a history state cannot have, and those only history has. */
function kindErrors(written: ModelState['written'], pointer: string): Finding[] {
  const waits = ['states', 'on', 'after', 'always', 'onDone', 'invoke'];
  const wrong = {
    final: waits,
    history: [...waits, 'entry', 'exit', 'output', 'tags'],
    parallel: ['history', 'target'],
    plain: ['history', 'target'],
  }[written.type ?? 'plain'];
  const given = new Set(Object.keys(written));
  return wrong
    .filter((member) => given.has(member))
    .map((member) => ({
      code: 'kind',
      path: pointerTo(pointer, member),
      detail: `A state of this kind has no ${member}`,
    }));
}

function unknownTargets(state: ModelState): Finding[] {
  const unknown = state.moves.flat().filter(({ target }) => target === 'unknown');
  const findings = unknown.map(({ pointer, written }) => {
    const detail = `There is no state ${written.target ?? ''} from here: a state beside is named, one inside begins with a dot`;
    return { code: 'unknown-target', path: pointer, detail };
  });
  return state.fallback === 'unknown'
    ? [
        ...findings,
        {
          code: 'unknown-target',
          path: pointerTo(state.pointer, 'target'),
          detail: `There is no state ${state.written.target ?? ''} from here`,
        },
      ]
    : findings;
}

function duplicates(states: readonly ModelState[]): Finding[] {
  const ids = states.flatMap(({ written, pointer }) =>
    written.id === undefined ? [] : [{ id: written.id, path: pointerTo(pointer, 'id') }],
  );
  const children = states.flatMap(({ invokes }) =>
    invokes.map(({ written, pointer }) => ({ id: written.id, path: pointerTo(pointer, 'id') })),
  );
  return [ids, children].flatMap((named) => {
    const seen = new Set<string>();
    return named.flatMap(({ id, path }) => {
      const again = seen.has(id);
      seen.add(id);
      return again ? [{ code: 'duplicate-id', path, detail: `The id ${id} is given twice` }] : [];
    });
  });
}

/** The params of what a machine does by itself, as the schema has let them through. */
function paramsOf({ params = {} }: ActionSource): { child: string; id: string; event: { type: string } } {
  return params as never;
}

interface PlacedAction {
  readonly pointer: string;
  readonly action: ActionSource;
}

/** All actions of a definition with their places. */
export function placedActions(states: readonly ModelState[]): PlacedAction[] {
  return states.flatMap(actionListsOf).flatMap(({ pointer, actions }) =>
    actionsOf(actions).map((action, index) => ({
      pointer: Array.isArray(actions) ? pointerTo(pointer, index) : pointer,
      action,
    })),
  );
}

function childErrors({ model: { states } }: Subject): Finding[] {
  const children = new Set(states.flatMap(({ invokes }) => invokes.map(({ written }) => written.id)));
  return placedActions(states).flatMap(({ pointer, action }) => {
    const child = action.type === 'sendTo' ? paramsOf(action).child : null;
    return child === null || children.has(child)
      ? []
      : [
          {
            code: 'unknown-child',
            path: pointerTo(pointer, 'params', 'child'),
            detail: `No state invokes a child ${child}`,
          },
        ];
  });
}

function timerErrors(states: readonly ModelState[]): Finding[] {
  const actions = placedActions(states);
  const timers = new Set(
    actions.filter(({ action }) => action.type !== 'cancel').map(({ action }) => action.params?.['id']),
  );
  return actions
    .filter(({ action }) => action.type === 'cancel' && !timers.has(action.params?.['id']))
    .map(({ pointer, action }) => ({
      code: 'unknown-timer',
      path: pointerTo(pointer, 'params', 'id'),
      detail: `Nothing is sent later under the id ${paramsOf(action).id}`,
    }));
}

/** Events that come from nowhere, and those that go nowhere. */
function eventFindings({ source, model: { states } }: Subject): Lint {
  const declared = new Set(Object.keys(source.events ?? {}));
  const raised = placedActions(states)
    .filter(({ action }) => action.type === 'raise')
    .map(({ pointer, action }) => ({ pointer, type: paramsOf(action).event.type }));
  const known = new Set([...declared, ...raised.map(({ type }) => type)]);
  // What a child sends is not said anywhere: with one, an event may come from it.
  const children = states.some(({ invokes }) => invokes.some(({ written }) => !written.src.startsWith('effect:')));
  const heard = states.flatMap(({ written, pointer }) =>
    Object.keys(written.on ?? {}).map((descriptor) => ({ descriptor, path: pointerTo(pointer, 'on', descriptor) })),
  );
  const strange = heard
    .filter(({ descriptor }) => ![...known].some((type) => isMeant(type, descriptor)) && descriptor !== '*')
    .map(({ descriptor, path }) => ({
      code: children ? 'undeclared-event' : 'unknown-event',
      path,
      detail: `${descriptor} is neither declared in events nor raised by the machine`,
    }));
  const isHeard = (type: string): boolean => heard.some(({ descriptor }) => isMeant(type, descriptor));
  return {
    errors: children ? [] : strange,
    warnings: [
      ...(children ? strange : []),
      ...[...declared]
        .filter((type) => !isHeard(type))
        .map((type) => ({
          code: 'unused-event',
          path: pointerTo('/events', type),
          detail: `No state waits for ${type}`,
        })),
      ...raised
        .filter(({ type }) => !isHeard(type))
        .map(({ type, pointer }) => ({ code: 'unheard-event', path: pointer, detail: `No state waits for ${type}` })),
    ],
  };
}

function isMeant(type: string, descriptor: string): boolean {
  return (
    descriptor === type ||
    descriptor === '*' ||
    (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)))
  );
}
