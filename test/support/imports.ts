// Files for imports: sent as a browser or curl sends them, made of the real input, and brought in while processes are
// killed. Called by the tests of imports.
import assert from 'node:assert/strict';
import type { mongo } from 'mongoose';
import type { Contribution } from '#src/demo/contributions.ts';
import { figuresOf, xpByKind } from '#src/demo/expected.ts';
import { importView, type ImportView } from '#src/platform/imports/import.schema.ts';
import { eventually } from './eventually.ts';
import { shared } from './faults.ts';
import { call } from './fleet.ts';
import type { Reply } from './http.ts';
import type { System } from './system.ts';

/** A file as it is sent. */
export interface ImportFile {
  readonly token: string;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: object;
}

/** Sends a file to an import. */
export async function uploadFile(url: string, name: string, file: ImportFile): Promise<Reply> {
  const response = await fetch(`${url}/api/imports/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${file.token}`, 'content-type': file.type, ...file.headers },
    body: typeof file.body === 'string' ? file.body : new Uint8Array(file.body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

const emailOf = (person: string): string => `${person}@community.example`;

function peopleFile(contributions: readonly Contribution[]): string {
  const people = [...new Set(contributions.map(({ person }) => person))];
  // One comes again and one has no address: two lines to refuse.
  const lines = [...people, people[0] ?? ''].map((person) => `${person},${emailOf(person)}`);
  return ['name,email', ...lines, 'nobody,nowhere'].join('\r\n');
}

function contributionsFile(contributions: readonly Contribution[]): string {
  return contributions
    .map(({ id, venture, person, kind, occurredAt }) =>
      JSON.stringify({ email: emailOf(person), amount: xpByKind[kind], reason: kind, source: venture, id, occurredAt }),
    )
    .join('\n');
}

async function importOf(system: System, id: string): Promise<ImportView> {
  const { body } = await call(system.url(0), 'GET', `/api/imports/${id}`, { token: system.token });
  return importView.parse(body);
}

async function run(system: System, name: string, type: string, body: string, kills: boolean): Promise<ImportView> {
  const started = await uploadFile(system.url(0), name, { token: system.token, type, body });
  assert.equal(started.status, 202, started.text);
  const { id, lines } = importView.parse(started.body);
  if (kills) {
    // Every worker dies once, while lines are under way.
    for (const [index] of system.fleet.workers.entries()) {
      const before = await importOf(system, id);
      await eventually(async () => {
        const { done, state } = await importOf(system, id);
        assert.ok(done > before.done || state !== 'running');
      }, 60_000);
      await system.fleet.restartWorker(index);
    }
    await shared(system.db);
  }
  return await eventually(
    async () => {
      const view = await importOf(system, id);
      assert.deepEqual([view.state, view.done], ['done', lines]);
      return view;
    },
    240_000,
    100,
  );
}

async function figuresIn(db: mongo.Db): Promise<{ xp: number; grants: number; atLevels: number[] }> {
  const totals = await db.collection<{ xp: number; grants: number; level: number }>('xp_totals').find().toArray();
  return {
    xp: totals.reduce((sum, { xp }) => sum + xp, 0),
    grants: totals.reduce((sum, { grants }) => sum + grants, 0),
    atLevels: Array.from({ length: 10 }, (_, index) => totals.filter(({ level }) => level === index + 1).length),
  };
}

/**
 * Imports the people of contributions and their XP while every worker is killed once, then the same file again, and
 * compares with figures computed from the input alone. @throws AssertionError
 */
export async function checkImportOf(system: System, contributions: readonly Contribution[]): Promise<void> {
  const people = new Set(contributions.map(({ person }) => person)).size;
  const users = await run(system, 'users', 'text/csv', peopleFile(contributions), false);
  assert.deepEqual([users.lines, users.accepted, users.refused], [people + 2, people, 2]);
  const expected = figuresOf(contributions);
  for (const kills of [true, false]) {
    const file = contributionsFile(contributions);
    const view = await run(system, 'xp', 'application/x-ndjson', file, kills);
    assert.deepEqual([view.accepted, view.refused], [contributions.length, 0], 'each line once');
    const { xp, grants, atLevels } = await figuresIn(system.db);
    assert.deepEqual({ xp, atLevels }, { xp: expected.xp, atLevels: expected.atLevels });
    assert.equal(grants, contributions.length);
  }
  const ledger = await system.db.collection('xp_ledger').countDocuments();
  assert.equal(ledger, contributions.length, 'the ledger explains the totals');
  assert.equal(await system.db.collection('dead_letters').countDocuments(), 0);
  const report = await fetch(`${system.url(0)}/api/imports/${users.id}/report`, {
    headers: { authorization: `Bearer ${system.token}` },
  });
  const refused = (await report.text()).trim().split('\n');
  assert.deepEqual(
    refused.map((line) => (JSON.parse(line) as { line: number; code: string }).code),
    ['auth.email-taken', 'request.invalid'],
  );
}
