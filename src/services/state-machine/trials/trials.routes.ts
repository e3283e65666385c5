// The HTTP paths of what can be tried of definitions: nothing is kept.
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { definitionInvalid, definitionUnknown, notRunnable } from '../definitions/definitions.errors.ts';
import { typeParams } from '../definitions/definitions.schema.ts';
import { diffOf, simulateSource, simulateVersion } from './trials.queries.ts';
import { diffOutput, diffQuery, simulateBody, simulateVersionBody, simulationOutput } from './trials.schema.ts';

const base = '/api/state-machines/definitions';
const role = { auth: { permission: 'machine.define' }, scope: 'role' } as const;
/** What takes the processor for longer than other requests. */
const costly = { ...role, limit: 'define' } as const;

/** Routes of this area. */
export const routes: readonly Route[] = [
  defineRoute({
    ...costly,
    method: 'post',
    path: `${base}/simulate`,
    summary: 'Play events and time on a definition that is not registered',
    body: simulateBody,
    output: simulationOutput,
    problems: [definitionInvalid],
    handle: async ({ body: { type, definition, ...story }, caller }) => ({
      status: 200,
      body: await simulateSource(type, definition, story, caller.userId),
    }),
  }),
  defineRoute({
    ...costly,
    method: 'post',
    path: `${base}/:type/simulate`,
    summary: 'Play events and time on a registered definition; nothing is kept',
    params: typeParams,
    body: simulateVersionBody,
    output: simulationOutput,
    problems: [definitionUnknown, notRunnable],
    handle: async ({ params: { type }, body, caller }) => ({
      status: 200,
      body: await simulateVersion(type, body, caller.userId),
    }),
  }),
  defineRoute({
    ...role,
    method: 'get',
    path: `${base}/:type/diff`,
    summary: 'What differs between two versions of a type',
    params: typeParams,
    query: diffQuery,
    output: diffOutput,
    problems: [definitionUnknown, notRunnable],
    handle: async ({ params: { type }, query: { from, to } }) => ({ status: 200, body: await diffOf(type, from, to) }),
  }),
];
