// What rules make of events, without anything around them.
/* oxlint-disable unicorn/no-thenable -- a rule's word, which nobody awaits */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { machines } from '#machines/index.ts';
import type { StoredEvent } from '#src/platform/events/event.ts';
import { fullShare } from '#src/platform/events/reactor.ts';
import {
  compile,
  draftOf,
  faultsOfWords,
  shareEach,
  variablesOf,
} from '#src/services/state-machine/automation/automation.policy.ts';
import { newRuleBody, type RuleShape } from '#src/services/state-machine/automation/automation.schema.ts';
import '#src/services/index.ts';

const event: StoredEvent = {
  _id: 'w1.0',
  type: 'badge.awarded',
  subject: 'user.ada',
  actor: 'bob',
  data: { userId: 'ada', badge: { key: 'first-steps' }, total: 120, list: Array.from({ length: 300 }, () => 1) },
  audience: ['user.ada'],
  time: new Date('2026-11-24T04:00:00Z'),
  requestId: 'r1',
};

const rule = (then: unknown, condition?: string): RuleShape =>
  ({ when: { type: event.type, ...(condition === undefined ? {} : { if: condition }) }, then }) as RuleShape;
const start = (more: object): unknown => ({ start: { type: 'onboarding', id: 'a', ...more } });
const ask = (shape: RuleShape): unknown => {
  const compiled = compile(shape, '/body');
  assert.ok(!Array.isArray(compiled), JSON.stringify(compiled));
  return compiled.ask(variablesOf(event));
};

describe('rules', () => {
  it('see the event as sockets get it', () => {
    const id = { $cel: 'event.data.userId' };
    const input = {
      list: [{ $cel: 'event.data.total + 1' }, 'plain'],
      deep: { of: { $cel: '{"by": event.actor, "about": event.subject, "at": event.time}' } },
      soon: { $cel: 'timestamp(event.time) + duration("1h")' },
      'a/b': null,
    };
    assert.deepEqual(ask(rule(start({ id, input }), 'event.data.badge.key == "first-steps" && event.id == "w1.0"')), {
      start: {
        type: 'onboarding',
        id: 'ada',
        input: {
          list: [121, 'plain'],
          deep: { of: { by: 'bob', about: 'user.ada', at: '2026-11-24T04:00:00.000Z' } },
          soon: '2026-11-24T05:00:00.000Z',
          'a/b': null,
        },
      },
    });
    assert.equal(ask(rule(start({}), 'event.data.total > 1000')), null);
  });

  it('ask for one command for each event, by its name and the event', () => {
    const would = { signal: { type: 'onboarding', id: 'ada', event: { type: 'SNOOZE' } } };
    assert.deepEqual(draftOf('greet', event, would), {
      kind: 'state-machine.event.send',
      input: would.signal,
      cause: 'r.greet.w1.0',
    });
    assert.equal(
      draftOf('greet', event, { start: { type: 'onboarding', id: 'a' } }).kind,
      'state-machine.instance.create',
    );
  });

  it('name every expression that cannot be read, and where', () => {
    const shape = rule(start({ id: { $cel: 'who.id' }, input: { 'a/b': [{ $cel: '1 +' }, { $cel: 7 }] } }), 'event.');
    const faults = compile(shape, '/body');
    assert.ok(Array.isArray(faults));
    assert.deepEqual(
      faults.map(({ pointer }) => pointer),
      ['/body/when/if', '/body/then/start/id', '/body/then/start/input/a~1b/0', '/body/then/start/input/a~1b/1'],
    );
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`m${index}`, { $cel: '1' }]));
    assert.equal((compile(rule(start({ input: many })), '') as unknown[]).length, 1);
  });

  it('fail where what comes out does not fit its command, is too large, or takes too long', () => {
    const failing: Readonly<Record<string, unknown>> = {
      'does not fit: id': rule(start({ id: { $cel: 'event.data.total' } })),
      'does not fit: id m': rule(start({ id: { $cel: '"a:b"' } })),
      'field not found': rule(start({ id: { $cel: 'event.data.nobody' } })),
      'true or false': rule(start({}), 'event.data.total'),
      'more than 16384 bytes': rule(
        start({ input: Object.fromEntries('abcdefghi'.split('').map((name) => [name, 'x'.repeat(2_000)])) }),
      ),
      'more steps': rule(start({}), 'event.data.list.map(a, event.data.list.map(b, a + b)).size() > 0'),
    };
    for (const [reason, shape] of Object.entries(failing)) {
      assert.throws(() => ask(shape as RuleShape), new RegExp(reason, 'u'), reason);
    }
  });

  it('are refused where their words mean nothing', () => {
    const onboarding = machines.find(({ type }) => type === 'onboarding');
    const signal = (type: string): unknown => ({ signal: { type: 'onboarding', id: 'a', event: { type } } });
    assert.deepEqual(faultsOfWords(rule(signal('SNOOZE')), onboarding), []);
    assert.deepEqual(faultsOfWords({ ...rule(start({})), when: { type: 'order.shipped' } }, onboarding), []);
    const codes = (shape: RuleShape, definition = onboarding): string[] =>
      faultsOfWords(shape, definition).map(({ pointer }) => pointer);
    assert.deepEqual(codes(rule(signal('NOPE'))), ['/body/then/signal/event/type']);
    assert.deepEqual(codes({ ...rule(start({})), when: { type: 'badge.awardet' } }), ['/body/when/type']);
    assert.deepEqual(
      faultsOfWords(rule(start({})), undefined).map(({ pointer }) => pointer),
      ['/body/then/start/type'],
    );
  });

  it('take bodies of their form only', () => {
    const body = { name: 'greet', ...rule(start({})) };
    assert.ok(newRuleBody.safeParse(body).success);
    for (const bad of [
      { ...body, name: 'a.b' },
      { ...body, more: 1 },
      { ...body, then: {} },
      { ...body, then: { ...(start({}) as object), signal: { type: 'a', id: 'b', event: { type: 'C' } } } },
      { ...body, then: start({ id: { $cel: 'a', b: 1 } }) },
      { ...body, then: { signal: { type: 'onboarding', id: 'a', event: { type: 'xstate.stop' } } } },
      { ...body, when: { type: 'nodot' } },
      { ...body, when: { type: 'a.b', if: '' } },
    ]) {
      assert.ok(!newRuleBody.safeParse(bad).success, JSON.stringify(bad));
    }
  });
});

describe('what rules may cause of one beginning', () => {
  for (const matches of [1, 2, 3, 10, 200, 1_000]) {
    it(`ends when each thing sets off ${matches} more`, () => {
      let rows = 1;
      let all = 0;
      let generations = 0;
      for (let share = fullShare; generations < 50; generations += 1) {
        share = shareEach(share, matches);
        if (share < 1) {
          break;
        }
        rows *= matches;
        all += rows;
      }
      assert.ok(generations <= 9 && all <= fullShare, `${generations} generations, ${all} rows`);
    });
  }
});
