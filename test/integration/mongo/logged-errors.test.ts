// What the log says of an error of the driver: what went wrong and where, and nothing of the documents it was about.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { pino } from 'pino';
import { logOptions } from '#src/platform/log.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';

const secret = 'what nobody but its owner may read';

describe('an error of the driver in the log', () => {
  before(async () => await connectMongo());
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  const failed = async (writes: () => Promise<unknown>): Promise<Error> =>
    await writes().then(
      () => assert.fail('it was written'),
      (error: unknown) => error as Error,
    );
  const logged = (fields: Record<string, unknown>): string => {
    const lines: string[] = [];
    const log = pino({ ...logOptions, level: 'warn' }, { write: (line: string) => void lines.push(line) });
    log.child({ area: 'committer' }).warn(fields, 'A command failed');
    return lines.join('');
  };

  it('has its name, message, code and stack, and quotes no document, alone or as a cause', async () => {
    const notes = mongoose.connection.collection<{ _id: number; note: string }>('test_notes');
    const insert = { insertOne: { document: { _id: 1, note: secret } } };
    await notes.bulkWrite([insert]);
    const error = await failed(async () => await notes.bulkWrite([insert]));
    assert.ok(JSON.stringify(pino.stdSerializers.err(error)).includes(secret), 'the driver quotes it');
    for (const err of [error, new Error('Could not be committed', { cause: error })]) {
      const line = logged({ err });
      assert.ok(!line.includes(secret), line);
      assert.match(line, /E11000 duplicate key/u);
      assert.match(line, /"stack":"MongoBulkWriteError: .*logged-errors\.test/u);
    }
    const { err } = JSON.parse(logged({ err: error })) as { err: Record<string, unknown> };
    assert.deepEqual([err['type'], err['code']], ['MongoBulkWriteError', 11_000]);
  });

  it('is told of whatever was thrown, and of a circle of causes once', () => {
    const circle = new Error('first');
    circle.cause = new Error('second', { cause: circle });
    assert.match(logged({ err: circle }), /first.*second/u);
    assert.match(logged({ err: 'a text' }), /"message":"a text"/u);
  });
});
