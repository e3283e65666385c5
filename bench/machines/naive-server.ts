// A server of the naive way: read, transition, version-checked update and a step, in a transaction for each request.
// Started by naive.ts: naive-server.ts <MongoDB> <port>
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { mongo } from 'mongoose';
import { turned } from './chart.ts';
import type { NaiveInstance, NaiveStep } from './naive.ts';

const [url = '', port] = process.argv.slice(2);
const client = await mongo.MongoClient.connect(url);
const machines = client.db().collection<NaiveInstance>('instances');
const steps = client.db().collection<NaiveStep>('steps');
const durable = { writeConcern: { w: 'majority', journal: true } } as const;

class Changed extends mongo.MongoError {
  constructor() {
    super('It changed since it was read');
    this.addErrorLabel('TransientTransactionError');
  }
}

async function turn(id: string): Promise<unknown> {
  return await client.withSession(
    async (session) =>
      await session.withTransaction(async () => {
        const before = await machines.findOne({ _id: id }, { session });
        if (!before) {
          return null;
        }
        const after = turned(before);
        const version = before.version + 1;
        const written = await machines.updateOne(
          { _id: id, version: before.version },
          { $set: { ...after, version } },
          { session },
        );
        if (written.matchedCount === 0) {
          throw new Changed();
        }
        const step = { _id: randomUUID(), instance: id, version, from: before.value, to: after.value, at: new Date() };
        await steps.insertOne(step, { session });
        return { id, version, ...after };
      }, durable),
  );
}

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    turn((request.url ?? '').slice(1)).then(
      (answer) => {
        response.statusCode = answer === null ? 404 : 200;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer));
      },
      (error: unknown) => {
        response.statusCode = 503;
        response.end(String(error));
      },
    );
  });
});
server.listen(Number(port), '127.0.0.1', () => process.send?.({ type: 'ready' }));
process.on('SIGTERM', () => process.exit());
