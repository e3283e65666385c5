// The effects charts may name: which there are, and what cannot be registered.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { buildRegistry } from '#src/app.ts';
import { defineCommand } from '#src/platform/commands/command.ts';
import { defineEffect, type EffectDefinition } from '#src/platform/effects/effect.ts';
import {
  builtInEffects,
  defineMachineEffect,
  knownEffects,
  machineEffects,
  type MachineEffect,
} from '#src/platform/machines/effects.ts';
import { createRegistry } from '#src/platform/registry.ts';

const named = (name: string, kind = 'effects.test.do'): MachineEffect => ({
  name,
  summary: 'Nothing',
  input: z.strictObject({}),
  kind,
  toInput: () => ({}),
  idempotency: 'mongo',
});

const queued = defineCommand({
  kind: 'effects.test.queued',
  pool: 'gamification',
  input: z.unknown(),
  key: () => 'x',
  load: async () => await Promise.resolve(),
  decide: () => ({ result: null }),
});
const direct = defineCommand({ ...queued, kind: 'effects.test.direct', pool: 'direct' });
const outside = defineEffect<unknown, null>({
  kind: 'effects.test.out',
  pool: 'effects',
  input: z.unknown(),
  timeoutMs: 1_000,
  perform: async () => await Promise.resolve(null),
});

describe('effects of machines', () => {
  it('are those of the runtime and those of services, each of which is listed by its service', () => {
    const registry = buildRegistry();
    // Tests bring some of their own.
    const ours = (names: Iterable<string>): string[] => [...names].filter((name) => !name.endsWith('probe')).toSorted();
    assert.deepEqual(ours(registry.machineEffects.keys()), ours(machineEffects.keys()));
    assert.deepEqual(ours(knownEffects().keys()), ours([...Object.keys(builtInEffects), ...machineEffects.keys()]));
    assert.ok([...knownEffects()].every(([name, effect]) => effect.name === name && effect.summary !== ''));
  });

  it('are refused at start without a name in kebab-case, under a name that is taken, or of a kind without rows', () => {
    for (const name of ['', 'grantXp', 'grant_xp', 'effect:x', '-x', 'x-', 'X', '1x']) {
      assert.throws(() => defineMachineEffect(named(name)), /kebab-case/u, name);
    }
    for (const name of Object.keys(builtInEffects)) {
      assert.throws(() => defineMachineEffect(named(name)), /defined twice/u, name);
    }
    const [taken = ''] = machineEffects.keys();
    assert.throws(() => defineMachineEffect(named(taken)), /defined twice/u);
    const listed = (...effects: MachineEffect[]) => createRegistry([{ name: 'x', machineEffects: effects }]);
    assert.throws(() => listed(named('a')), /names effects.test.do, which makes no work rows/u);
    const pool = { name: 'y', commands: [queued] };
    const of = (...effects: MachineEffect[]) => createRegistry([pool, { name: 'x', machineEffects: effects }]);
    assert.throws(() => of(named('a', queued.kind), named('a', queued.kind)), /listed twice/u);
    assert.equal(of(named('a', queued.kind)).machineEffects.size, 1);
    assert.throws(() => of(named('a', direct.kind)), /makes no work rows/u);
  });

  it('are refused at start where their class is not that of what does them: a commit repeats nothing, the outside may', () => {
    const of = (kind: string, idempotency: MachineEffect['idempotency']) =>
      createRegistry([
        { name: 'y', commands: [queued], effects: [outside as unknown as EffectDefinition] },
        { name: 'x', machineEffects: [{ ...named('a', kind), idempotency }] },
      ]).machineEffects.get('a')?.idempotency;
    assert.deepEqual([of(queued.kind, 'mongo'), of(outside.kind, 'key')], ['mongo', 'key']);
    assert.throws(() => of(outside.kind, 'mongo'), /a of machines is of the class mongo, and effects.test.out is key/u);
    assert.throws(() => of(queued.kind, 'key'), /a of machines is of the class key, and effects.test.queued is mongo/u);
  });

  it('of the runtime take what they are documented with', () => {
    const event = { type: 'GO' };
    const at = '2026-03-01T10:00:00Z';
    const cases: [keyof typeof builtInEffects, unknown, boolean][] = [
      ['emit', { type: 'lamp.lit', data: {} }, true],
      ['emit', { type: 'lamp.lit' }, false],
      ['signal', { type: 'lamp', id: 'l1', event: { type: 'GO', by: 'x' } }, true],
      ['signal', { type: 'lamp', id: 'l1', event: { type: 'xstate.stop' } }, false],
      ['signal', { type: 'la.mp', id: 'l1', event }, false],
      ['schedule', { type: 'lamp', id: 'l1', at, event }, true],
      ['schedule', { type: 'lamp', id: 'l1', at, input: {} }, true],
      ['schedule', { type: 'lamp', id: 'l1', at }, true],
      ['schedule', { type: 'lamp', id: 'l1', at, input: {}, event }, false],
      ['schedule', { type: 'lamp', id: 'l1', at: 'tomorrow', event }, false],
      ['log', { message: 'lit', n: 1 }, true],
      ['compensate', {}, true],
      ['compensate', { only: 'x' }, false],
    ];
    for (const [name, params, fits] of cases) {
      assert.equal(builtInEffects[name].input.safeParse(params).success, fits, `${name} ${JSON.stringify(params)}`);
    }
  });
});
