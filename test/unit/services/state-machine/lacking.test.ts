// Decisions about machines that the product cannot run as it is: what it asks for itself comes again, people get an answer.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MachineInstances, type MachineInstance } from '#src/platform/machines/store.ts';
import {
  definitionId,
  MachineDefinitions,
  MachineTypes,
} from '#src/services/state-machine/definitions/definitions.model.ts';
import { createInstance } from '#src/services/state-machine/creation/creation.commands.ts';
import { sendEvent } from '#src/services/state-machine/state-machine.commands.ts';
import { create, event, refused, World } from './world.ts';

const type = 'newer';
const own = { asker: undefined };
const system = { actor: 'system' };
const runnable = {
  access: { create: ['operator'], read: ['owner'] },
  events: { GO: { from: ['operator'] }, LAUNCH: { from: ['operator'] }, BREAK: { from: ['operator'] } },
  initial: 'a',
  states: {
    a: {
      on: {
        GO: 'b',
        LAUNCH: { target: 'b', actions: { type: 'not-there-yet', params: {} } },
        BREAK: { target: 'b', guard: 'context.none.deeper' },
      },
    },
    b: {},
  },
};

/** A world where new machines of the type run on this source. */
function defined(world: World, version: number, source: object): void {
  const row = { type, version, hash: `${version} ${JSON.stringify(source)}` };
  world.put(MachineTypes, { _id: type, current: row } as never);
  world.put(MachineDefinitions, { _id: definitionId(type, version), ...row, source: JSON.stringify(source) } as never);
}

/** One instance of it. */
function withMachine(): World {
  const world = new World();
  defined(world, 1, runnable);
  world.do(createInstance, { ...create, type, input: {} });
  return world;
}

/** The instance runs on a version that this product does not understand. */
function notUnderstood(): World {
  const world = withMachine();
  const instance = world.get<MachineInstance>(MachineInstances, `${type}.u1`) ?? assert.fail('there is none');
  defined(world, 2, { states: { a: { newer: true } } });
  world.put(MachineInstances, { ...instance, version: 2 } as MachineInstance);
  return world;
}

describe('a machine that the product cannot run as it is', () => {
  it('keeps an event of the product itself: its row comes again and may be redriven', () => {
    const world = notUnderstood();
    const send = () => world.decide(sendEvent, event('GO', { type, ...own }), system);
    assert.throws(send, /newer.*cannot be run/u);
    assert.equal(world.get<MachineInstance>(MachineInstances, `${type}.u1`)?.seq, 0);
  });

  it('keeps what the product starts itself', () => {
    const world = new World();
    defined(world, 3, { states: { a: { newer: true } } });
    const start = () => world.decide(createInstance, { ...create, type, input: {}, ...own }, system);
    assert.throws(start, /newer.*cannot be run/u);
  });

  it('keeps an event of the product whose step asks for an effect that nobody does yet', () => {
    const send = () => withMachine().decide(sendEvent, event('LAUNCH', { type, ...own }), system);
    assert.throws(send, /not-there-yet, which nobody does/u);
  });

  it('is a final no for people, who hear why', () => {
    const { problem } = refused(
      notUnderstood().decide(sendEvent, event('GO', { type })),
      'state-machine.step-failed',
      422,
    );
    assert.match(problem.detail ?? '', /newer.*cannot be run/u);
    refused(withMachine().decide(sendEvent, event('LAUNCH', { type })), 'state-machine.step-failed', 422);
    const world = new World();
    defined(world, 4, { states: { a: { newer: true } } });
    refused(world.decide(createInstance, { ...create, type, input: {} }), 'state-machine.step-failed', 422);
  });

  it('is not one whose chart fails by itself: that is a final no for the product, too', () => {
    const decision = withMachine().decide(sendEvent, event('BREAK', { type, ...own }), system);
    refused(decision, 'state-machine.step-failed', 422);
  });
});
