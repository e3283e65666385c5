// The paths of imports, and what they read.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { AppError, problems } from '../errors.ts';
import { decodeCursor, encodeCursor, pageQuery, toPage, type Page } from '../http/cursor.ts';
import { defineRoute, type Route, type RouteAnswer } from '../http/route.ts';
import { beginImport, cancelImport, type ImportDefinitions } from './import.commands.ts';
import { fileProblems, importUnknown } from './import.errors.ts';
import { presentImport, presentRefused } from './import.presenter.ts';
import { idParams, importPage, importView, nameParams, type ImportView } from './import.schema.ts';
import { Imports, linesRange, RefusedLines, type Import } from './import.ts';
import { readers } from './lines.ts';
import { forget, receive } from './receive.ts';

const auth = { permission: 'import.run' } as const;
const bounded = { maxTimeMS: limits.mongoMs };

async function findImport(id: string): Promise<Import> {
  const found = await Imports.native().findOne({ _id: id }, bounded);
  if (!found) {
    throw importUnknown(`There is no import ${id}`);
  }
  return found;
}

async function listImports(query: z.output<typeof pageQuery>): Promise<Page<ImportView>> {
  const before = query.cursor === undefined ? null : z.string().parse(decodeCursor('imports', query.cursor));
  const found = await Imports.native()
    .find(before === null ? {} : { _id: { $lt: before } }, { ...bounded, sort: { _id: -1 }, limit: query.limit + 1 })
    .toArray();
  const now = new Date();
  const cursorAfter = ({ _id }: Import): string => encodeCursor('imports', _id);
  return toPage(found, query.limit, (row) => presentImport(row, now), cursorAfter);
}

/** The refused lines in their order, read as they are sent. */
async function* refusedLines(id: string): AsyncGenerator<string> {
  const refused = RefusedLines.native().find(
    { _id: linesRange(id) },
    { sort: { _id: 1 }, limit: limits.importLines, maxTimeMS: limits.mongoStreamMs },
  );
  for await (const line of refused) {
    yield presentRefused(line);
  }
}

function uploadRoute(definitions: ImportDefinitions): Route {
  return defineRoute({
    method: 'post',
    path: '/api/imports/:id',
    summary: `Import a file of lines: ${[...definitions.keys()].join(', ')}`,
    auth,
    scope: 'role',
    params: nameParams,
    accepts: Object.keys(readers),
    status: 202,
    output: importView,
    commands: [beginImport],
    problems: [importUnknown, ...Object.values(fileProblems)],
    givesHeaders: { Location: 'The import' },
    handle: async ({ params, upload, caller, submit }) => {
      const definition = definitions.get(params.id);
      if (!definition || !upload) {
        throw importUnknown(`There is no import ${params.id}; there are ${[...definitions.keys()].join(', ')}`);
      }
      if (!caller.can(definition.permission)) {
        throw problems.forbidden(`This needs the permission ${definition.permission}`);
      }
      const { header, ...file } = await receive(definition, upload);
      const input = { ...file, name: definition.name, header: header && [...header] };
      return await begun(file.id, submit(beginImport, input));
    },
  });
}

/** The answer of a begun import. Lines that are not its own, because the key was used before, are removed. */
async function begun(uploaded: string, submitted: Promise<RouteAnswer>): Promise<RouteAnswer> {
  try {
    const answer = await submitted;
    const { id } = answer.body as ImportView;
    if (id !== uploaded) {
      await forget(uploaded);
    }
    return { ...answer, headers: { ...answer.headers, Location: `/api/imports/${id}` } };
  } catch (error) {
    // After a fault of ours it may have begun all the same: then the sweep decides.
    if (error instanceof AppError && error.problem.status < 500) {
      await forget(uploaded);
    }
    throw error;
  }
}

const others: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/imports',
    summary: 'Imports, newest first',
    auth,
    scope: 'role',
    query: pageQuery,
    output: importPage,
    handle: async ({ query }) => ({ status: 200, body: await listImports(query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/imports/:id',
    summary: 'How far an import is',
    auth,
    scope: 'role',
    params: idParams,
    output: importView,
    problems: [importUnknown],
    handle: async ({ params }) => ({ status: 200, body: presentImport(await findImport(params.id), new Date()) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/imports/:id/report',
    summary: 'The refused lines of an import so far, one JSON object a line',
    auth,
    scope: 'role',
    params: idParams,
    produces: 'application/x-ndjson',
    output: z.string(),
    problems: [importUnknown],
    handle: async ({ params }) => {
      const { _id } = await findImport(params.id);
      return { status: 200, body: Readable.from(refusedLines(_id)) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/imports/:id/cancel',
    summary: 'End an import before its last line; what was done stays',
    auth,
    scope: 'role',
    params: idParams,
    output: importView,
    commands: [cancelImport],
    handle: async ({ params, submit }) => await submit(cancelImport, params),
  }),
];

/** The routes of imports over what can be imported. */
export function importRoutes(definitions: ImportDefinitions): readonly Route[] {
  return [uploadRoute(definitions), ...others];
}
