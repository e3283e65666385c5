// What a filter may hold: values, never operators or members that the shape does not know.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Roles } from '#src/platform/auth/permissions.ts';

describe('filters of a collection', () => {
  // Cases of SecLists, Fuzzing/Databases/NoSQL.txt, as a JSON body would bring them.
  for (const value of [{ $gt: '' }, { $ne: 1 }, { $regex: '.*' }, { $where: 'sleep(5000)' }, { $nin: [] }]) {
    it(`take no operator for a value: ${JSON.stringify(value)}`, async () => {
      for (const filter of [{ _id: value }, { $or: [{ _id: value }] }]) {
        await assert.rejects(async () => await Roles.model.findOne(filter as never), { name: 'CastError' });
      }
    });
  }

  it('take no member that the shape does not know', async () => {
    await assert.rejects(async () => await Roles.model.findOne({ isAdmin: true } as never), {
      name: 'StrictModeError',
    });
  });
});
