// Which events of other services become commands for onboarding.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { StoredEvent } from '#src/platform/events/event.ts';
import { createInput, sendInput } from '#src/services/state-machine/state-machine.schema.ts';
import { subscriptions } from '#src/services/state-machine/state-machine.subscriptions.ts';

function reactionsTo(type: string, data: Record<string, unknown>) {
  const event: StoredEvent = {
    _id: 'e',
    type,
    subject: 'user.u1',
    actor: 'u1',
    data,
    audience: [],
    time: new Date(0),
    requestId: 'r',
  };
  return subscriptions.filter(({ on }) => on === type).flatMap(({ react }) => react(event));
}

describe('onboarding hears of', () => {
  it('a registration', () => {
    const [create, ...rest] = reactionsTo('user.registered', { userId: 'u1', name: 'Ada' });
    assert.deepEqual(create, {
      kind: 'state-machine.instance.create',
      input: { type: 'onboarding', id: 'u1' },
    });
    assert.ok(createInput.safeParse(create?.input).success);
    assert.deepEqual(rest, []);
  });

  it('the first grant and no other', () => {
    const [send] = reactionsTo('xp.added', { userId: 'u1', grants: 1 });
    assert.deepEqual(send, {
      kind: 'state-machine.event.send',
      input: { type: 'onboarding', id: 'u1', event: { type: 'XP_EARNED' } },
    });
    assert.ok(sendInput.safeParse(send?.input).success);
    assert.deepEqual(reactionsTo('xp.added', { userId: 'u1', grants: 2 }), []);
  });

  it('the second level and no other', () => {
    const level = (number: number) => reactionsTo('level.reached', { userId: 'u1', level: { number, name: 'X' } });
    assert.deepEqual(
      level(2).map(({ input }) => input),
      [{ type: 'onboarding', id: 'u1', event: { type: 'LEVEL_REACHED' } }],
    );
    assert.deepEqual(level(3), []);
    assert.deepEqual(level(1), []);
  });
});
