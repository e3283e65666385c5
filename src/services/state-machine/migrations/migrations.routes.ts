// The HTTP paths of impact tables and migrations.
import { newId } from '#src/platform/ids.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { definitionUnknown, notRunnable } from '../definitions/definitions.errors.ts';
import { beginMigration } from './migrations.commands.ts';
import { migrationUnknown } from './migrations.errors.ts';
import { impactTable, instancesToMove, readMigration, tryMigration } from './migrations.queries.ts';
import {
  impactBody,
  impactOutput,
  migrateBody,
  migrationOutput,
  migrationParams,
  versionParams,
} from './migrations.schema.ts';

const base = '/api/state-machines/definitions/:type';
const role = { auth: { permission: 'machine.define' }, scope: 'role' } as const;

/** Routes of this area. */
export const routes: readonly Route[] = [
  defineRoute({
    ...role,
    limit: 'define',
    method: 'post',
    path: `${base}/versions/:version/impact`,
    summary: 'Where machines would stand had they run on this version: their histories are played on it',
    params: versionParams,
    body: impactBody,
    output: impactOutput,
    problems: [definitionUnknown, notRunnable],
    handle: async ({ params: { type, version }, body }) => ({
      status: 200,
      body: await impactTable(type, version, body),
    }),
  }),
  defineRoute({
    ...role,
    limit: 'define',
    method: 'post',
    path: `${base}/versions/:version/migrate`,
    summary:
      'Move machines of another version to this one, each in a step of its history; dryRun only says what would come of it',
    params: versionParams,
    body: migrateBody,
    status: 201,
    output: migrationOutput,
    alsoAnswers: { 200: 'What it would come to: nothing was done' },
    commands: [beginMigration],
    problems: [definitionUnknown, notRunnable],
    handle: async ({ params: { type, version }, body, caller, submit }) => {
      const { from, states, context, timers } = body;
      const plan = {
        ...(states === undefined ? {} : { states }),
        ...(context === undefined ? {} : { context }),
        ...(timers === undefined ? {} : { timers }),
      };
      if (body.dryRun) {
        return { status: 200, body: await tryMigration(type, version, body, plan, caller.userId) };
      }
      return await submit(beginMigration, {
        id: newId(),
        type,
        from,
        to: version,
        plan: JSON.stringify(plan),
        ...(await instancesToMove(type, body)),
      });
    },
  }),
  defineRoute({
    ...role,
    method: 'get',
    path: `${base}/migrations/:id`,
    summary: 'A migration: how many machines were moved, and why others were not',
    params: migrationParams,
    output: migrationOutput,
    problems: [migrationUnknown],
    handle: async ({ params: { type, id } }) => ({ status: 200, body: await readMigration(type, id) }),
  }),
];
