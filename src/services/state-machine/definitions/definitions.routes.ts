// The HTTP paths of definitions that are data.
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { activateVersion, registerDefinition, retireVersion } from './definitions.commands.ts';
import { definitionUnknown, tooManyDefinitions, versionInUse } from './definitions.errors.ts';
import { barredFrom, lintFor, machinesNamedIn, mostTypes, typeTaken } from './definitions.policy.ts';
import { presentLint } from './definitions.presenter.ts';
import { countTypes, findTypes, liveOn, readDefinition, typesAmong } from './definitions.queries.ts';
import {
  activatedOutput,
  definitionOutput,
  lintBody,
  lintOutput,
  registerBody,
  registeredOutput,
  typeParams,
  typesPage,
  typesQuery,
  versionParams,
  versionQuery,
} from './definitions.schema.ts';

const base = '/api/state-machines/definitions';
const role = { auth: { permission: 'machine.define' }, scope: 'role' } as const;
/** What takes the processor for longer than other requests. */
const costly = { ...role, limit: 'define' } as const;

const kept: readonly Route[] = [
  defineRoute({
    ...costly,
    method: 'post',
    path: base,
    summary:
      'Register a definition as the next version of its type; the same source again answers with the version it is',
    body: registerBody,
    status: 201,
    output: registeredOutput,
    alsoAnswers: { 200: 'The type had this version' },
    commands: [registerDefinition],
    handle: async ({ body: { type, definition, activate }, caller, submit }) => {
      const [machines, types] = await Promise.all([
        typesAmong([...machinesNamedIn(definition), type]),
        countTypes(mostTypes),
      ]);
      if (types >= mostTypes && !machines.includes(type)) {
        throw tooManyDefinitions(`${mostTypes} types are data: retire what nobody needs`);
      }
      return await submit(registerDefinition, {
        type,
        source: JSON.stringify(definition),
        ...(activate === undefined ? {} : { activate }),
        barred: barredFrom(caller),
        machines,
      });
    },
  }),
  defineRoute({
    ...role,
    method: 'get',
    path: base,
    summary: 'Types of machines, built in or data, with their versions and how many machines run on each',
    query: typesQuery,
    output: typesPage,
    handle: async ({ query }) => ({ status: 200, body: await findTypes(query) }),
  }),
  defineRoute({
    ...role,
    method: 'get',
    path: `${base}/:type`,
    summary: 'A definition: its source, its status and what the lint says of it',
    params: typeParams,
    query: versionQuery,
    output: definitionOutput,
    problems: [definitionUnknown],
    handle: async ({ params: { type }, query: { version } }) => ({
      status: 200,
      body: await readDefinition(type, version),
    }),
  }),
  defineRoute({
    ...role,
    method: 'post',
    path: `${base}/:type/versions/:version/activate`,
    summary: 'Let new machines run on a version, an older one too',
    params: versionParams,
    output: activatedOutput,
    commands: [activateVersion],
    handle: async ({ params, submit }) => await submit(activateVersion, params),
  }),
  defineRoute({
    ...role,
    method: 'post',
    path: `${base}/:type/versions/:version/retire`,
    summary: 'Retire a version that no machine runs on',
    params: versionParams,
    output: activatedOutput,
    commands: [retireVersion],
    problems: [versionInUse],
    handle: async ({ params, submit }) => {
      const { type, version } = params;
      const live = await liveOn(type, version);
      if (live > 0) {
        throw versionInUse(`${live} machines run on version ${version} of ${type}: migrate them, or wait`, {
          extensions: { live },
        });
      }
      return await submit(retireVersion, params);
    },
  }),
];

const tried: readonly Route[] = [
  defineRoute({
    ...costly,
    method: 'post',
    path: `${base}/lint`,
    summary: 'Say what is wrong with a definition, and keep nothing',
    body: lintBody,
    output: lintOutput,
    handle: async ({ body: { type, definition }, caller }) => {
      const taken = type === undefined ? null : typeTaken(type);
      const machines = await typesAmong(machinesNamedIn(definition));
      const { errors, warnings } = presentLint(lintFor(definition, { type, barred: barredFrom(caller), machines }));
      const named = taken === null ? [] : [{ code: 'type-taken', path: '', detail: taken }];
      return { status: 200, body: { errors: [...named, ...errors], warnings } };
    },
  }),
];

/** Routes of this area. */
export const routes: readonly Route[] = [...kept, ...tried];
