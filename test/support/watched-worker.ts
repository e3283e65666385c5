// The real worker process, watched. Spawned by test/e2e/full/soak.test.ts in place of workers/main.ts. SOAK_LEAK plants
// a leak, to see the suite find it: `heap` keeps 64 KiB, `timers` a timer, `listeners` a listener, ten times a second.
import { beWatched } from './watched.ts';

const kept: unknown[] = [];
const leaks: Readonly<Record<string, () => void>> = {
  heap: () => kept.push(Array.from({ length: 8_192 }, (_, index) => index + 0.5)),
  timers: () => kept.push(setInterval(() => undefined, 60_000)),
  listeners: () => process.on('warning', () => undefined),
};
const leak = leaks[process.env['SOAK_LEAK'] ?? ''];
if (leak) {
  setInterval(leak, 100);
}
beWatched();
await import('#workers/main.ts');
