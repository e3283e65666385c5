// One trace through real processes: from a client's traceparent over the API, the owner and the feeds to a collector that
// reads the bytes; through the death of an owner, and past a collector that is gone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { WorkRow } from '#src/platform/commands/work.ts';
import { eventually } from '../support/eventually.ts';
import { blockNext, ownerInside, shared, unblock } from '../support/faults.ts';
import { call, type FleetReply } from '../support/fleet.ts';
import { startCollector, type Collector, type ReceivedSpan } from '../support/otlp.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const xpKind = 'gamification.xp.add';
const sendKind = 'state-machine.event.send';

describe('a trace', () => {
  let system: System;
  let collector: Collector;

  before(async () => {
    collector = await startCollector();
    system = await startSystem({
      apis: 1,
      workers: 1,
      people: 4,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    });
    await shared(system.db);
  });
  after(async () => {
    await system?.stop();
    await collector?.close();
  });
  afterEach(async function () {
    showLogs(this, system);
    await unblock(system.db);
  });

  const client = (sampled = '01') => {
    const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled}` };
  };
  const grant = async (userId: string | undefined, traceparent: string): Promise<FleetReply> =>
    await call(system.url(0), 'POST', '/api/gamification/xp/add', {
      token: system.token,
      body: { userId, amount: 7, reason: 'traced' },
      headers: { traceparent, Prefer: 'wait=30' },
    });
  /** The one span of a trace with this name and fact; throws while there is none. */
  const spanOf = (traceId: string, name: string, fact: [string, string | number] = ['', '']): ReceivedSpan => {
    const [key, value] = fact;
    const found = collector.spans.filter(
      (span) => span.traceId === traceId && span.name === name && (key === '' || span.facts[key] === value),
    );
    assert.equal(found.length, 1, `${name} ${fact.join(' ')}: ${found.length}`);
    return found[0] as ReceivedSpan;
  };

  it('goes from the client through API, owner, reaction and feeds, each span under the one that caused it', async () => {
    const { traceId, spanId, traceparent } = client();
    assert.equal((await grant(system.people[0], traceparent)).status, 201);
    await eventually(() => {
      const request = spanOf(traceId, 'POST /api/gamification/xp/add');
      assert.equal(request.parentId, spanId);
      assert.equal(request.facts['http.response.status_code'], 201);
      const accepted = spanOf(traceId, 'work.accept');
      assert.equal(accepted.parentId, request.spanId);
      const decided = spanOf(traceId, 'work.decide', ['brain.kind', xpKind]);
      assert.equal(decided.parentId, accepted.spanId);
      assert.equal(decided.facts['brain.attempt'], 1);
      const reacted = spanOf(traceId, 'work.decide', ['brain.kind', sendKind]);
      assert.equal(reacted.parentId, decided.spanId);
      assert.equal(spanOf(traceId, 'feed.number', ['brain.event_type', 'xp.added']).parentId, decided.spanId);
      const moved = spanOf(traceId, 'feed.number', ['brain.event_type', 'machine.transitioned']);
      assert.equal(moved.parentId, reacted.spanId);
      for (const [name, span] of [
        ['work.commit', decided],
        ['feed.commit', moved],
      ] as const) {
        const commits = collector.spans.filter((commit) => commit.links.some((link) => link.spanId === span.spanId));
        assert.deepEqual(
          commits.map((commit) => [commit.name, commit.status, commit.durationNs > 0n]),
          [[name, 0, true]],
        );
        assert.equal(commits[0]?.links.find((link) => link.spanId === span.spanId)?.traceId, traceId);
      }
      assert.equal(request.node, accepted.node);
      assert.notEqual(request.node, decided.node, 'two processes');
      assert.equal(new Set([decided, reacted, moved].map(({ node }) => node)).size, 1);
    }, 15_000);
  });

  it('survives the owner: its second attempt is a second span of the same trace', async () => {
    const { traceId, traceparent } = client();
    await blockNext(system.db, { command: 'update', collection: 'xp_totals', ms: 20_000 });
    const answer = grant(system.people[1], traceparent);
    const holder = await ownerInside(system.db);
    const decide = (attempt: number): ReceivedSpan => {
      const ofGrant = collector.spans.filter(({ facts }) => facts['brain.kind'] === xpKind);
      const found = ofGrant.find(
        ({ facts, ...span }) =>
          span.traceId === traceId && facts['brain.attempt'] === attempt && span.name === 'work.decide',
      );
      assert.ok(found, `attempt ${attempt}`);
      return found;
    };
    const first = await eventually(() => decide(1));
    await system.fleet.restartWorker(system.worker(holder.pid).index);
    assert.equal((await answer).status, 201);
    await eventually(() => {
      const second = decide(2);
      assert.notEqual(second.spanId, first.spanId);
      assert.notEqual(second.node, first.node);
      assert.equal(second.parentId, first.parentId);
      assert.equal(second.parentId, spanOf(traceId, 'work.accept').spanId);
      assert.equal(spanOf(traceId, 'feed.number', ['brain.event_type', 'xp.added']).parentId, second.spanId);
    }, 15_000);
  });

  it('is not recorded where its client says so, but handed on', async () => {
    const unrecorded = client('00');
    assert.equal((await grant(system.people[2], unrecorded.traceparent)).status, 201);
    const row = await system.db.collection<WorkRow>('work').findOne({ kind: xpKind, key: `user.${system.people[2]}` });
    assert.match(row?.traceparent ?? '', new RegExp(`^00-${unrecorded.traceId}-[0-9a-f]{16}-00$`, 'u'));
    const recorded = client();
    await grant(system.people[2], recorded.traceparent);
    await eventually(() => spanOf(recorded.traceId, 'feed.number', ['brain.event_type', 'xp.added']), 15_000);
    assert.deepEqual(
      collector.spans.filter(({ traceId }) => traceId === unrecorded.traceId),
      [],
    );
  });

  it('that nobody collects hurts nobody: work is done and processes stop in order', async () => {
    await collector.close();
    assert.equal((await grant(system.people[3], client().traceparent)).status, 201);
    const [api, worker] = [system.fleet.apis[0], system.fleet.workers[0]];
    for (const running of [api, worker]) {
      await system.fleet.kill(running?.child as NonNullable<typeof running>['child'], 'SIGTERM');
      assert.equal(running?.child.exitCode, 0);
    }
  });
});
