// Peer 2, worker side: one transaction for each job, 50 at a time.
import { Worker } from 'bullmq';
import { config } from '#config/env.ts';
import { connect, disconnect } from '#src/connections.ts';
import { runProcess } from '#src/platform/process.ts';
import { patientClient } from '#src/platform/redis/clients.ts';
import { grantInOneTransaction, naiveGrant } from './naive.ts';

await runProcess('Naive worker', async () => {
  await connect();
  const worker = new Worker('naive', async (job) => await grantInOneTransaction(naiveGrant.parse(job.data)), {
    connection: patientClient('naive-worker'),
    prefix: config.keyPrefix,
    concurrency: 50,
  });
  return {
    urls: [],
    stop: async () => {
      await worker.close();
      await disconnect();
    },
  };
});
