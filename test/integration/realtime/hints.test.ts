// Hints are a door: what does not fit is dropped, whoever sent it, and what fits is heard afterwards as before.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Owner } from '#src/platform/commands/owner.ts';
import { expectOutcome } from '#src/platform/commands/settled.ts';
import { nodeId } from '#src/platform/ids.ts';
import { watchMachine } from '#src/platform/machines/watches.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { onHint } from '#src/platform/redis/hints.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { feedsWorker } from '#workers/feeds.worker.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

const settled = `settled.${nodeId}`;
const topics = [settled, 'feeds', 'sessions-ended', 'rights', 'owners', 'events'];
const misfits = [
  'null',
  '7',
  '"text"',
  '{}',
  '[]',
  '[null]',
  '[[]]',
  '[{}]',
  '[{"feed":1,"id":1,"sessionId":1}]',
  '{"at',
];

describe('hints', function () {
  this.timeout(20_000);
  let server: TestServer;
  let realtime: Realtime;
  let owner: Owner;
  before(async () => {
    server = await startServer([userService, authService]);
    realtime = createRealtime(server.http, async () => await Promise.resolve(true));
    owner = feedsWorker();
    owner.start();
  });
  after(async () => {
    await owner.stop();
    await realtime.close();
    await server.close();
  });

  const publish = async (topic: string, message: string): Promise<void> => {
    await eventually(async () =>
      assert.ok((await sharedClient().publish(redisKey('hint', topic), message)) > 0, `nobody listens to ${topic}`),
    );
  };

  for (const topic of topics) {
    it(`of ${topic.split('.')[0] ?? ''} that do not fit are dropped, and a process goes on hearing others`, async () => {
      const watch = watchMachine('onboarding.ada');
      const heard: unknown[] = [];
      const stop = onHint(topic, z.unknown(), (message) => heard.push(message));
      try {
        for (const message of misfits) {
          await publish(topic, message);
        }
        await publish(topic, '"last"');
        await eventually(() => assert.equal(heard.at(-1), 'last'));
        assert.equal(heard.length, misfits.length, 'all but what is no JSON');
        const waits = expectOutcome('a row', 5_000);
        await publish(settled, '[{"id":"a row","state":"done","result":{"sum":1},"ofTomorrow":true}]');
        assert.deepEqual(await waits.outcome, { state: 'done', result: { sum: 1 }, ofTomorrow: true });
        const moves = watch.moves;
        await publish('feeds', '[{"feed":"machine.onboarding.ada","seq":1,"epoch":"e","event":{}}]');
        await eventually(() => assert.equal(watch.moves, moves + 1));
      } finally {
        stop();
        watch.close();
      }
    });
  }

  it('that one listener falls over are heard by the others, and so are those after them', async () => {
    const heard: number[] = [];
    const stops = [
      onHint('probe', z.int(), () => {
        throw new Error('Fell over');
      }),
      onHint('probe', z.int(), (value) => heard.push(value)),
    ];
    for (const message of ['1', '"two"', '3']) {
      await publish('probe', message);
    }
    await eventually(() => assert.deepEqual(heard, [1, 3]));
    stops.forEach((stop) => stop());
  });
});
