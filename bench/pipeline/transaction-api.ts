// Peer 1: Koa and a mongoose transaction for each request, no queue.
import { grantInOneTransaction } from './naive.ts';
import { serveNaive } from './naive-server.ts';

await serveNaive(grantInOneTransaction);
