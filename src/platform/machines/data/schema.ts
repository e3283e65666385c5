// The strict schema of a definition as data. What it lets through has bounded size, names that mean nothing else, and
// values of the right kind; whether they fit together is for lint.ts.
import { z } from 'zod';
import { isReserved } from '../actions.ts';
import { actionSource } from './action-schema.ts';
import { definitionBounds, isInherited, outOfBounds } from './bounds.ts';
import { delayProblem } from './durations.ts';
import { DefinitionError, pointerTo, type Finding } from './findings.ts';
import { objectSchema } from './json-schema.ts';
import type { DefinitionSource, DelayedSource, StateSource, TransitionsSource } from './source.ts';
import { cel, celSource, template } from './template-schema.ts';

const reserved = { params: { code: 'reserved-name' } };
const few = 50;

/** Types that rows of a history use for what is no event from outside. */
function isOurs(type: string): boolean {
  return /^(?:after|done|error)\.|^(?:init|created|migrated)$/u.test(type);
}

const stateName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/u, 'A name begins with a letter and holds letters, digits, _ and -')
  .refine((name) => !isInherited(name), { error: 'This name is reserved', ...reserved });
const contextKey = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/u, 'A member of the context is named by letters, digits and _')
  .refine((name) => !isInherited(name), { error: 'This name is reserved', ...reserved });
const eventType = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/u, 'A type of event holds letters, digits, _, - and dots')
  .max(100)
  .refine((type) => !isReserved(type) && !isOurs(type) && !isInherited(type), {
    error: 'Events of this type are made by the runtime only',
    ...reserved,
  });
/** A type of event, all of a family (`tick.*`), or every event (`*`). */
const descriptor = z.string().superRefine((text, check) => {
  const family = text.endsWith('.*') ? text.slice(0, -2) : text;
  const issues = text === '*' ? [] : (eventType.safeParse(family).error?.issues ?? []);
  for (const { message, ...issue } of issues) {
    const params = 'params' in issue ? issue.params : undefined;
    check.addIssue({ code: 'custom', message, ...(params ? { params } : {}) });
  }
});
const src = z
  .string()
  .regex(
    /^(?:effect:[a-z][a-z0-9-]{0,63}|[A-Za-z][A-Za-z0-9_-]{0,63})$/u,
    'Name the type of a machine, or effect:<name>',
  );
const target = z.string().regex(/^[#.]?[A-Za-z_][A-Za-z0-9_.-]{0,910}$/u, 'A target names a state');
const tag = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/u, 'A tag holds letters, digits, _, - and dots');
const description = z.string().max(1_000).optional();
const meta = z.record(z.string().max(100), z.json()).optional();
const actions = z.union([actionSource, z.array(actionSource).max(few)]).optional();

const move = {
  target: target.optional(),
  guard: celSource.optional(),
  actions,
  reenter: z.boolean().optional(),
  description,
  meta,
};
const transition = z.union([target, z.strictObject(move)]);
const transitions: z.ZodType<TransitionsSource> = z.union([transition, z.array(transition).min(1).max(few)]);

function checkDelay(delay: number | string, check: z.RefinementCtx): void {
  const problem = delayProblem(delay);
  if (problem !== null) {
    check.addIssue({ code: 'custom', message: problem, params: { code: 'delay' } });
  }
}

const writtenDelay = z.string().max(40).superRefine(checkDelay);
const delayed: z.ZodType<DelayedSource> = z.strictObject({
  ...move,
  delay: z.union([z.number().superRefine(checkDelay), writtenDelay, cel]),
});

const invoke = z.strictObject({
  id: stateName,
  src,
  input: template.optional(),
  onDone: transitions.optional(),
  onError: transitions.optional(),
});

const inside = {
  type: z.enum(['parallel', 'final', 'history']).optional(),
  initial: stateName.optional(),
  history: z.enum(['shallow', 'deep']).optional(),
  target: target.optional(),
  states: z
    .record(
      stateName,
      z.lazy((): z.ZodType<StateSource> => state),
    )
    .optional(),
  on: z.record(descriptor, transitions).optional(),
  after: z.union([z.array(delayed).max(few), z.record(writtenDelay, transitions)]).optional(),
  always: transitions.optional(),
  onDone: transitions.optional(),
  invoke: z.union([invoke, z.array(invoke).max(few)]).optional(),
  entry: actions,
  exit: actions,
  tags: z.union([tag, z.array(tag).max(few)]).optional(),
  meta,
  description,
  output: template.optional(),
};
const state = z.strictObject({ id: stateName.optional(), ...inside });

const principal = z.union([
  z.enum(['anyone', 'owner', 'member', 'operator']),
  z.templateLiteral(['role:', z.string().regex(/^[a-z][a-z0-9-]{0,63}$/u)]),
]);
const principals = z.array(principal).min(1).max(20);
const early = z.enum(['reject', 'ignore', 'defer']);
const event = z.strictObject({
  payload: objectSchema.refine((schema) => !Object.hasOwn(schema.properties ?? {}, 'type'), {
    error: 'An event has its type beside its payload',
    path: ['properties', 'type'],
    ...reserved,
  }),
  from: principals,
  early: early.optional(),
  task: z.string().min(1).max(200).optional(),
});

const definition = z.strictObject({
  ...inside,
  input: objectSchema
    .refine((schema) => !Object.hasOwn(schema.properties ?? {}, 'id'), {
      error: 'The id of an instance is not part of its input',
      path: ['properties', 'id'],
      ...reserved,
    })
    .optional(),
  context: z.record(contextKey, template).optional(),
  events: z.record(eventType, event.partial({ payload: true })).optional(),
  access: z.strictObject({ create: principals, read: principals, cancel: principals.optional() }).optional(),
  early: early.optional(),
  owner: z.union([z.string().min(1).max(64), cel]).optional(),
  members: z.union([z.array(z.string().min(1).max(64)).max(1_000), cel]).optional(),
});

/** The findings of the schema, and the definition where there are none. Never throws. */
export function readDefinition(source: unknown): { findings: readonly Finding[]; source: DefinitionSource | null } {
  const unread = outOfBounds(source);
  if (unread) {
    return { findings: [unread], source: null };
  }
  const parsed = definition.safeParse(source);
  if (!parsed.success) {
    return { findings: findingsOf(parsed.error.issues), source: null };
  }
  const large = tooManyStates(parsed.data);
  return large ? { findings: [large], source: null } : { findings: [], source: parsed.data };
}

/** A definition that the schema lets through, as it was given. Throws DefinitionError. */
export function parseDefinition(source: unknown): DefinitionSource {
  const read = readDefinition(source);
  if (!read.source) {
    throw new DefinitionError(read.findings);
  }
  return read.source;
}

function tooManyStates(root: StateSource): Finding | null {
  let count = 0;
  const deepest = (inner: StateSource): number => {
    count += 1;
    return 1 + Math.max(0, ...Object.values(inner.states ?? {}).map(deepest));
  };
  const depth = deepest(root) - 1;
  const { states, depth: most } = definitionBounds;
  if (depth > most) {
    return { code: 'too-deep', path: '', detail: `States stand at most ${most} inside one another` };
  }
  return count > states + 1
    ? { code: 'too-large', path: '', detail: `A definition has at most ${states} states` }
    : null;
}

type Issue = z.core.$ZodIssue;

function findingsOf(issues: readonly Issue[], base: readonly PropertyKey[] = []): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      return findingsOf(likeliest(issue.errors), path);
    }
    if (issue.code === 'unrecognized_keys') {
      const detail = 'This member is not known here; leave it out';
      return issue.keys.map((key) => ({ code: 'schema', path: pointerTo('', ...path, key), detail }));
    }
    if (issue.code === 'invalid_key') {
      return findingsOf(issue.issues, path);
    }
    const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
    return [{ code: typeof code === 'string' ? code : 'schema', path: pointerTo('', ...path), detail: issue.message }];
  });
}

/** Of the forms a value may have, the one it was meant to be: what is wrong with it lies deepest, and not in its kind. */
function likeliest(forms: readonly (readonly Issue[])[]): readonly Issue[] {
  const score = (issues: readonly Issue[]): number => {
    const kind = issues.some(({ path, code }) => path.length === 0 && code === 'invalid_type');
    const named = issues.some(({ path }) => path.length === 1 && path[0] === 'type');
    return (
      (kind ? -100 : 0) + (named ? -50 : 0) + Math.max(...issues.map(({ path }) => path.length)) - issues.length / 100
    );
  };
  return forms.reduce((best, form) => (score(form) > score(best) ? form : best));
}
