// Which pools a worker runs for the services it was told, and what it refuses.
import assert from 'node:assert/strict';
import { pools } from '#config/pools.ts';
import { buildRegistry } from '#src/app.ts';
import type { CommandDefinition } from '#src/platform/commands/command.ts';
import type { Service } from '#src/platform/registry.ts';
import { services } from '#src/services/index.ts';
import { poolsFor } from '#workers/pools.ts';

const doing = (pool: string): Pick<Service, 'commands'> => ({ commands: [{ pool } as CommandDefinition] });

describe('poolsFor', () => {
  it('takes everything, or the pools named', () => {
    assert.deepEqual(poolsFor(services, { pools: ['feeds'], services: undefined }), ['feeds']);
    const all = poolsFor(services, { pools: undefined, services: undefined });
    assert.ok(all.includes('gamification') && all.includes('feeds'));
  });

  it('takes the pools of the services named: those of their commands, and feeds for sockets', () => {
    assert.deepEqual(poolsFor(services, { pools: undefined, services: ['gamification'] }), ['gamification']);
    assert.deepEqual(poolsFor(services, { pools: undefined, services: ['state-machine', 'websocket'] }), [
      'machines',
      'webhooks',
      'feeds',
    ]);
  });

  it('refuses services without a pool, and a pool of none of them', () => {
    assert.match(String(poolsFor([{ name: 'one' }], { pools: undefined, services: ['one'] })), /one has no pool/u);
    assert.match(
      String(poolsFor(services, { pools: ['machines'], services: ['gamification'] })),
      /machines is no pool of gamification: those have gamification/u,
    );
  });

  it('takes a pool that two services share for either of them: whoever owns its shards does the work of both', () => {
    const two: Service[] = [
      { name: 'one', ...doing('machines') },
      { name: 'other', ...doing('machines') },
    ];
    for (const services of [['one'], ['other'], ['one', 'other']]) {
      assert.deepEqual(poolsFor(two, { pools: undefined, services }), ['machines']);
    }
  });

  it('lets every service be deployed alone, and all of them together leave no pool without an owner', () => {
    const alone = services.map(({ name }) => poolsFor(services, { pools: undefined, services: [name] }));
    alone.forEach((chosen) => assert.ok(Array.isArray(chosen), String(chosen)));
    assert.deepEqual(new Set(alone.flat()), new Set(Object.keys(pools)));
  });

  it('can only be run whole: every process knows all commands and effects of every pool, whatever it serves', () => {
    const all = buildRegistry();
    for (const only of [[], ['user'], ['gamification']]) {
      const here = buildRegistry(only);
      assert.deepEqual([...here.commands.keys()], [...all.commands.keys()]);
      assert.deepEqual([...here.effects.keys()], [...all.effects.keys()]);
    }
  });
});
