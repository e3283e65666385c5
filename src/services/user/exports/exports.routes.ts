// The paths of exports: only a person's own.
import { z } from 'zod';
import { requireStepUp, stepUpRequired } from '#src/platform/auth/step-up.ts';
import { personalData } from '#src/platform/personal/personal.ts';
import { defineRoute, type Caller, type Route } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';
import { beginExport } from './exports.commands.ts';
import { exportProblems } from './exports.errors.ts';
import { presentExport } from './exports.presenter.ts';
import { bytesOfExport, findExport, isExporting, listOfExports } from './exports.queries.ts';
import { exportPage, exportParams, exportView, listExports, ofUser } from './exports.schema.ts';
import type { UserExport } from './exports.model.ts';

function onlyOneself(caller: Caller, id: string): void {
  if (caller.userId !== id) {
    throw userProblems.notFound(`There is no user ${id} for you`);
  }
}

async function ownExport(caller: Caller, { id, exportId }: z.output<typeof exportParams>): Promise<UserExport> {
  onlyOneself(caller, id);
  const found = await findExport(id, exportId);
  if (!found) {
    throw exportProblems.notFound(`There is no export ${exportId}`);
  }
  return found;
}

const begun = z.strictObject({ id: z.string().max(64), kind: z.string().max(64), state: z.literal('new') });

/** The routes of exports. */
export const exportRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/users/:id/export',
    summary: 'Have everything that is kept about you written into a ZIP',
    auth: 'user',
    scope: 'owner',
    limit: 'export',
    params: ofUser,
    status: 202,
    output: begun,
    givesHeaders: { Location: 'The operation that writes it' },
    commands: [beginExport],
    problems: [userProblems.notFound, exportProblems.running, stepUpRequired],
    handle: async ({ params: { id }, caller, submit }) => {
      onlyOneself(caller, id);
      await requireStepUp(caller);
      if (await isExporting(id)) {
        throw exportProblems.running();
      }
      const answer = await submit(beginExport, { userId: id, parts: personalData.size }, 202);
      const { id: operation } = answer.body as z.output<typeof begun>;
      return { ...answer, headers: { ...answer.headers, Location: `/api/operations/${operation}` } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/exports',
    summary: 'Your exports, newest first',
    auth: 'user',
    scope: 'owner',
    params: ofUser,
    query: listExports,
    output: exportPage,
    problems: [userProblems.notFound],
    handle: async ({ params: { id }, query, caller }) => {
      onlyOneself(caller, id);
      return { status: 200, body: await listOfExports(id, query) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/exports/:exportId',
    summary: 'How far an export is',
    auth: 'user',
    scope: 'owner',
    params: exportParams,
    output: exportView,
    problems: [userProblems.notFound, exportProblems.notFound],
    handle: async ({ params, caller }) => ({ status: 200, body: presentExport(await ownExport(caller, params)) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/exports/:exportId/content',
    summary: 'The ZIP of an export',
    auth: 'user',
    scope: 'owner',
    params: exportParams,
    produces: 'application/zip',
    output: z.string(),
    givesHeaders: { 'Content-Disposition': 'Its name', 'Content-Length': 'Its bytes' },
    problems: [userProblems.notFound, exportProblems.notFound, exportProblems.notReady, stepUpRequired],
    handle: async ({ params, caller }) => {
      const { _id, state, bytes } = await ownExport(caller, params);
      await requireStepUp(caller);
      if (state !== 'ready') {
        throw exportProblems.notReady(`It is ${state}`);
      }
      return {
        status: 200,
        body: bytesOfExport(_id),
        headers: { 'Content-Disposition': `attachment; filename="${_id}.zip"`, 'Content-Length': String(bytes) },
      };
    },
  }),
];
