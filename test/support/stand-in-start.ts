// A supervisor like src/start.ts whose children are stand-ins, so that a test sees the supervisor alone. Started by
// test/integration/embedded/supervisor.test.ts with `serve` or `crash`.
import { config } from '#config/env.ts';
import type { ChildSpec } from '#src/platform/embedded/children.ts';
import { scriptBeside } from '#src/platform/embedded/scripts.ts';
import { supervise } from '#src/platform/embedded/supervisor.ts';

const child = (title: string, behaviour: string): ChildSpec => ({
  title,
  script: scriptBeside(import.meta.url, './stand-in-child'),
  args: [behaviour],
  essential: title === 'API',
  stopLimitMs: 5_000,
});

process.exit(
  await supervise({
    config,
    cacheGb: 0.25,
    report: (line) => void process.stdout.write(`${line}\n`),
    children: [child('API', process.argv[2] ?? 'serve'), child('workers', 'wait')],
  }),
);
