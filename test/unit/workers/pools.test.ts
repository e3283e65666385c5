// Which pools a worker runs for the services it was told, and what it refuses.
import assert from 'node:assert/strict';
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

  it('refuses a pool that also does the work of a service left out: its rows would have no door here', () => {
    const two: Service[] = [
      { name: 'one', ...doing('machines') },
      { name: 'other', ...doing('machines') },
    ];
    assert.match(
      String(poolsFor(two, { pools: undefined, services: ['one'] })),
      /machines also does the work of other/u,
    );
    assert.deepEqual(poolsFor(two, { pools: undefined, services: ['one', 'other'] }), ['machines']);
  });
});
