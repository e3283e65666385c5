// Decisions about machines that are to begin, on a hand-made state.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AppError } from '#src/platform/errors.ts';
import { createInstance } from '#src/services/state-machine/creation/creation.commands.ts';
import {
  definitionId,
  MachineDefinitions,
  MachineTypes,
} from '#src/services/state-machine/definitions/definitions.model.ts';
import { sendEvent } from '#src/services/state-machine/state-machine.commands.ts';
import { createInput, stateOutput } from '#src/services/state-machine/state-machine.schema.ts';
import { begin, create, day, event, patience, refused, withInstance, World } from './world.ts';

describe('state-machine.instance.create', () => {
  it('makes the instance and answers with its state', () => {
    const world = new World();
    const { result, status, events, work } = world.do(createInstance, create);
    assert.equal(status, undefined, 'the status is the route’s');
    assert.deepEqual(stateOutput.parse(result), {
      type: 'onboarding',
      id: 'u1',
      version: 1,
      seq: 0,
      value: 'registered',
      status: 'active',
      context: { userId: 'u1', name: 'Ada' },
      tags: [],
      children: [],
      deferred: [],
      undoing: 0,
      accepts: ['XP_EARNED', 'LEVEL_REACHED', 'SNOOZE'],
      timers: [
        { name: 'reminder', dueAt: new Date(begin + 3 * day).toISOString() },
        { name: patience, dueAt: new Date(begin + 30 * day).toISOString() },
      ],
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    assert.deepEqual(work, []);
    assert.deepEqual(events, [
      {
        type: 'machine.transitioned',
        subject: 'machine.onboarding.u1',
        audience: ['machine.onboarding.u1', 'user.u1'],
        data: {
          type: 'onboarding',
          id: 'u1',
          seq: 0,
          event: 'created',
          from: null,
          to: 'registered',
          status: 'active',
          changed: true,
        },
      },
    ]);
  });

  it('answers the same input with 200 and the state as it has become, and writes nothing', () => {
    const world = withInstance();
    world.do(sendEvent, event('XP_EARNED'));
    const again = world.do(createInstance, create);
    assert.equal(again.status, 200);
    assert.equal(again.writes, undefined);
    assert.equal(again.events, undefined);
    assert.equal((again.result as { value: string }).value, 'firstXp');
  });

  it('knows what it was created with by the version it runs on, whatever new ones are created by', () => {
    const world = new World();
    const type = 'upgraded';
    const version = (number: number, required: string[]): void => {
      const properties = { name: { type: 'string' }, more: { type: 'string' } };
      const input = { type: 'object', properties, required };
      const source = { input, access: { create: ['operator'], read: ['owner'] }, initial: 'a', states: { a: {} } };
      const row = { type, version: number, hash: `h${number}` };
      const _id = definitionId(type, number);
      world.put(MachineDefinitions, Object.assign({ _id }, row, { source: JSON.stringify(source) }));
      world.put(MachineTypes, Object.assign({ _id: type }, { current: row }));
    };
    version(1, ['name']);
    const asked = { ...create, type, input: { name: 'Ada' } };
    world.do(createInstance, asked);
    version(2, ['name', 'more']);
    assert.equal(world.do(createInstance, asked).status, 200);
    refused(world.decide(createInstance, { ...asked, id: 'u2' }), 'request.invalid', 422);
    refused(world.decide(createInstance, { ...asked, input: { name: 'Bo' } }), 'state-machine.input-differs', 409);
    world.put(MachineTypes, Object.assign({ _id: type }, { current: null }));
    assert.equal(world.do(createInstance, asked).status, 200);
    refused(world.decide(createInstance, { ...asked, id: 'u2' }), 'state-machine.unknown-type', 422);
  });

  it('refuses other input for an instance that exists', () => {
    const world = withInstance();
    refused(world.decide(createInstance, { ...create, input: {} }), 'state-machine.input-differs', 409);
    refused(world.decide(createInstance, { ...create, input: undefined }), 'state-machine.input-differs', 409);
  });

  it('is for operators and the product itself, where the definition says so', () => {
    const asker = { names: ['anyone', 'user.u1', 'role.user'], operates: false, readsAny: true };
    refused(new World().decide(createInstance, { ...create, asker }), 'auth.forbidden', 403);
    refused(new World().decide(createInstance, { ...create, asker: undefined }), 'auth.forbidden', 403);
    new World().do(createInstance, { ...create, asker: undefined }, { actor: 'system' });
  });

  it('takes no input for empty input', () => {
    const world = new World();
    world.do(createInstance, { ...create, input: undefined });
    assert.equal(world.decide(createInstance, { ...create, input: {} }) instanceof AppError, false);
  });

  it('refuses a type nobody defines, and input that does not fit', () => {
    const world = new World();
    refused(world.decide(createInstance, { ...create, type: 'nothing' }), 'state-machine.unknown-type', 422);
    const { problem } = refused(
      world.decide(createInstance, { ...create, input: { name: 1 } }),
      'request.invalid',
      422,
    );
    assert.equal(problem.errors?.[0]?.pointer, '/body/input/name');
  });

  it('takes ids that can be part of other ids', () => {
    for (const [type, id, fits] of [
      ['onboarding', 'u1', true],
      ['onboarding', '0198-a.b_c', true],
      ['onboarding', 'a:b', false],
      ['onboarding', '.a', false],
      ['onboarding', '', false],
      ['on.boarding', 'u1', false],
      ['', 'u1', false],
    ] as const) {
      assert.equal(createInput.safeParse({ type, id }).success, fits, `${type} ${id}`);
    }
  });
});
