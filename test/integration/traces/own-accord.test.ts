// Following what nobody waits for: runs of schedules, from where they gave up, and the lines of an import.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { defineCommand } from '#src/platform/commands/command.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { importsOver } from '#src/platform/imports/service.ts';
import { newId } from '#src/platform/ids.ts';
import type { Service } from '#src/platform/registry.ts';
import { Schedules } from '#src/platform/schedules/schedule.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { traces } from '#src/platform/traces/traces.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { operationsWorker } from '#workers/operations.worker.ts';
import { logInAdmin, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { uploadFile } from '../../support/imports.ts';
import { startServer, type Reply, type TestServer } from '../../support/http.ts';

const input = z.strictObject({ mark: z.string() });

const broken = defineCommand({
  kind: 'breaker.thing.break',
  pool: 'operations',
  schedulable: { needs: [], input },
  input,
  key: ({ mark }) => mark,
  load: async () => await Promise.resolve(),
  decide: (_state, command) => {
    throw new Error(`${command.input.mark} breaks`);
  },
});
const breaker: Service = { name: 'breaker', commands: [broken] };

interface Letter {
  readonly id: string;
  readonly key: string;
  readonly requestId: string;
}
interface Step {
  readonly id: string;
  readonly parent?: string;
  readonly what: string;
  readonly title: string;
}

describe('traces of what the product does of its own accord', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owners: Owner[];
  let admin: LoggedIn;

  before(async () => {
    const services = [userService, authService, gamificationService, breaker];
    server = await startServer([
      ...services,
      operations,
      traces,
      schedulesOver(services),
      importsOver([userService, gamificationService]),
    ]);
    owners = [operationsWorker(server.registry), workOwner(server.registry, 'gamification')];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const ask = async (method: string, path: string, body?: unknown): Promise<Reply> =>
    await server.call(method, path, { token: admin.accessToken, ...(body === undefined ? {} : { body }) });
  const stepsOf = async (requestId: string): Promise<readonly Step[]> => {
    const reply = await ask('GET', `/api/traces/${requestId}?limit=500`);
    assert.equal(reply.status, 200, reply.text);
    return (reply.body as { steps: Step[] }).steps;
  };
  /** The titles from a step up to its request, without what differs each time. */
  const lineage = (steps: readonly Step[], id: string | undefined): string[] => {
    const step = steps.find((each) => each.id === id);
    return step ? [step.title.split(' ')[0] ?? '', ...lineage(steps, step.parent)] : [];
  };

  it('lead from a scheduled run that gave up to the story of how it came to be', async () => {
    const name = `break-${newId()}`;
    const body = { cron: '0 0 1 1 *', kind: broken.kind, input: { mark: name }, enabled: false };
    assert.equal((await ask('PUT', `/api/schedules/${name}`, body)).status, 201);
    const nextAt = new Date(Math.floor(Date.now() / 60_000) * 60_000);
    await Schedules.native().updateOne({ _id: name }, { $set: { enabled: true, nextAt, cron: '* * * * *' } });
    const letter = await eventually(async () => {
      const { data } = (await ask('GET', `/api/dead-letters?kind=${broken.kind}`)).body as { data: Letter[] };
      return data.find(({ key }) => key === name) ?? assert.fail('not dead yet');
    }, 15_000);
    const story = await ask('GET', `/api/traces/${letter.requestId}/story`);
    assert.equal(story.status, 200, story.text);
    assert.match(story.text, new RegExp(`operations\\.schedule\\.fire for schedule\\.${name}`, 'u'));
    assert.match(story.text, new RegExp(`gave up after 3 attempts · error: ${name} breaks`, 'u'));
    const steps = await stepsOf(letter.requestId);
    const run = ['breaker.thing.break', 'operations.schedule.fire', 'request'];
    assert.deepEqual(lineage(steps, letter.id), run);
    // As every request is named, so that its id goes wherever ids of requests go.
    const same = await server.call('GET', '/api/health', { headers: { 'x-request-id': letter.requestId } });
    assert.equal(same.headers.get('x-request-id'), letter.requestId);
    await ask('DELETE', `/api/schedules/${name}`);
  });

  it('lead from a run that somebody asked for to who did', async () => {
    const name = `break-${newId()}`;
    const body = { cron: '0 0 1 1 *', kind: 'operations.heartbeat' };
    assert.equal((await ask('PUT', `/api/schedules/${name}`, body)).status, 201);
    const reply = await ask('POST', `/api/schedules/${name}/run`);
    const { operation } = reply.body as { operation: string };
    const steps = await stepsOf(reply.headers.get('x-request-id') ?? '');
    assert.deepEqual(lineage(steps, operation), ['operations.heartbeat', 'operations.schedule.run', 'request']);
  });

  it('show each line of an import under the step that made it', async () => {
    const at = `${newId()}.test`;
    const people = Array.from({ length: 12 }, (_, nth) => `p${nth}@${at},P ${nth}`);
    const file = { token: admin.accessToken, type: 'text/csv', body: ['email,name', ...people].join('\n') };
    const started = await uploadFile(server.url, 'users', file);
    assert.equal(started.status, 202, started.text);
    const { id } = started.body as { id: string };
    await eventually(async () => {
      const { state } = (await ask('GET', `/api/imports/${id}`)).body as { state: string };
      assert.equal(state, 'done');
    }, 20_000);
    const steps = await stepsOf(started.headers.get('x-request-id') ?? '');
    const begin = steps.find(({ title, what }) => what === 'accepted' && title.startsWith('operations.import.begin'));
    const rows = steps.filter(({ title, what }) => what === 'accepted' && title.startsWith('operations.import.step'));
    assert.ok(begin && rows.length >= 2, JSON.stringify(steps.slice(0, 3)));
    rows.forEach(({ parent }) => assert.equal(parent, begin.id));
    const lines = steps.filter(({ id: step }) => /^.+-\d{7}$/u.test(step) && step.startsWith(`${id}-`));
    assert.equal(lines.length, people.length);
    const parents = new Set(lines.map(({ parent }) => parent));
    assert.ok([...parents].every((parent) => rows.some((row) => row.id === parent)));
    assert.equal(parents.size, rows.length - 1, 'the last step only ends it');
  });
});
