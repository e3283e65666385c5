// A system that is looked at from outside. One trace through real processes: from a client's traceparent over the API, the
// owner and the feeds to a collector that reads the bytes, through the death of an owner. Metrics of both kinds of
// process, and a dashboard and alerts that ask for nothing else.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePort } from '#src/platform/embedded/child.ts';
import { shardFor, type WorkRow } from '#src/platform/commands/work.ts';
import { eventually } from '../support/eventually.ts';
import { blockNext, ownerInside, shared, unblock } from '../support/faults.ts';
import { call, type FleetReply } from '../support/fleet.ts';
import { startCollector, type Collector, type ReceivedSpan } from '../support/otlp.ts';
import { exposedBy, unmetBy } from '../support/promql.ts';
import { insertRows, workRowOf } from '../support/rows.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const xpKind = 'gamification.xp.add';
const sendKind = 'state-machine.event.send';

const docs = join(import.meta.dirname, '../../docs');
const metricsToken = 'the token of this suite';

interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly datasource?: { readonly uid: string };
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

describe('a system that is observed', () => {
  let system: System;
  let metricsPort: number;
  let collector: Collector;

  before(async () => {
    collector = await startCollector();
    metricsPort = await freePort();
    system = await startSystem({
      apis: 1,
      workers: 1,
      people: 4,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        METRICS_PORT: String(metricsPort),
        METRICS_TOKEN: metricsToken,
      },
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

  it('has one trace from the client through API, owner, reaction and feeds, each span under the one that caused it', async () => {
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

  it('goes on with a trace when the owner dies: the second attempt is a second span of it', async () => {
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

  it('records no trace whose client says so, but hands it on', async () => {
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

  const scrape = async (): Promise<string[]> =>
    await Promise.all(
      [system.url(0), `http://127.0.0.1:${metricsPort}`].map(async (url) => {
        const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } });
        assert.equal(answer.status, 200);
        return await answer.text();
      }),
    );

  it('exposes all that its dashboard and its alerts ask for, and they ask for all of it', async () => {
    // Nobody does this kind: its failures and its dead letter are figures too.
    await insertRows(system.db, [workRowOf({ kind: 'gamification.nothing', key: 'user.x', input: {} })]);
    // No template has this name: an effect that is tried, and fails.
    const mail = { to: 'ada@example.test', template: 'mail.nothing', data: {} };
    await insertRows(system.db, [
      { ...workRowOf({ kind: 'mail.message.send', key: 'mail.x', input: mail }), shard: shardFor('effects', 'mail.x') },
    ]);
    const texts = await eventually(async () => {
      const found = await scrape();
      assert.match(found.join(), /brain_dead_letters_waiting\{kind="gamification.nothing"\} 1/u);
      assert.match(found.join(), /brain_owner_takeovers_total\{pool="feeds"\} 1/u);
      assert.match(found.join(), /brain_effect_duration_seconds_count\{kind="mail.message.send",outcome="failed"\} 1/u);
      return found;
    }, 15_000);
    const exposed = exposedBy(...texts);
    const { panels, schemaVersion, templating } = JSON.parse(
      readFileSync(join(docs, 'grafana-dashboard.json'), 'utf8'),
    ) as Dashboard;
    assert.ok(schemaVersion >= 36);
    assert.deepEqual(
      templating.list.map(({ name, type }) => [name, type]),
      [['datasource', 'datasource']],
    );
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const shown = panels.filter(({ type }) => type !== 'row');
    assert.ok(shown.every(({ datasource, targets }) => datasource?.uid === '${datasource}' && targets?.length));
    const { groups } = parse(readFileSync(join(docs, 'alerts.yml'), 'utf8')) as Alerts;
    const asked = [
      ...shown.flatMap(({ targets }) => targets ?? []).map(({ expr, legendFormat }) => [expr, legendFormat] as const),
      ...groups
        .flatMap(({ rules }) => rules)
        .map(({ expr, annotations }) => [expr, Object.values(annotations).join(' ')] as const),
    ];
    assert.ok(asked.length > 25);
    assert.deepEqual(
      asked.flatMap(([expr, legend]) => unmetBy(exposed, expr, legend)),
      [],
    );
    const own = [...new Set(texts.join('\n').match(/(?<=^# TYPE )brain_(?!process_|nodejs_)\w+/gmu))];
    assert.ok(own.length > 15);
    assert.deepEqual(
      own.filter((name) => !asked.some(([expr]) => expr.includes(name))),
      [],
      'metrics nobody looks at',
    );
    // Who works and who answers measure different things, each in its place.
    const [api = '', worker = ''] = texts;
    assert.match(api, /^brain_pool_owners\{pool="gamification"\} 1$/mu);
    assert.match(
      api,
      /^brain_http_requests_total\{route="\/api\/gamification\/xp\/add",method="POST",status="2xx"\} /mu,
    );
    assert.match(worker, /^brain_owner_shards\{pool="gamification"\} 8$/mu);
    assert.doesNotMatch(worker, /brain_pool_owners/u);
  });

  it('is not hurt by a collector that is gone: work is done and processes stop in order', async () => {
    await collector.close();
    assert.equal((await grant(system.people[3], client().traceparent)).status, 201);
    const [api, worker] = [system.fleet.apis[0], system.fleet.workers[0]];
    for (const running of [api, worker]) {
      await system.fleet.kill(running?.child as NonNullable<typeof running>['child'], 'SIGTERM');
      assert.equal(running?.child.exitCode, 0);
    }
  });
});
