// The real API process, watched. Spawned by test/e2e/full/soak.test.ts in place of src/main.ts.
import { beWatched } from './watched.ts';

beWatched();
await import('#src/main.ts');
