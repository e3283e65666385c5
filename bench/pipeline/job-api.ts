// Peer 2, API side: one BullMQ job for each request, answered when the job is done.
import { Queue, QueueEvents } from 'bullmq';
import { config } from '#config/env.ts';
import { patientClient } from '#src/platform/redis/clients.ts';
import { serveNaive } from './naive-server.ts';

const queue = new Queue('naive', { connection: patientClient('naive'), prefix: config.keyPrefix });
const finished = new QueueEvents('naive', { connection: patientClient('naive-events'), prefix: config.keyPrefix });
finished.setMaxListeners(0);

await serveNaive(async (request) => {
  const job = await queue.add('grant', request, { removeOnComplete: true, removeOnFail: 100 });
  return (await job.waitUntilFinished(finished, 30_000)) as unknown;
});
