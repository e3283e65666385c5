// How another TypeScript file of this project is run as a Node process, from source or compiled. Called by the
// supervisor and by download.ts.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The file `name` (without ending) beside the module `base`, with that module's own ending: `.ts`, or `.js` when compiled. */
export function scriptBeside(base: string, name: string): string {
  return fileURLToPath(new URL(`${name}${base.endsWith('.js') ? '.js' : '.ts'}`, base));
}

/** The arguments `process.execPath` needs to run such a file. */
export function nodeArguments(script: string): string[] {
  if (script.endsWith('.js')) {
    return ['--conditions=compiled', script];
  }
  // Not import.meta.resolve, which modules lack that a test runner loads with require.
  const loader = createRequire(import.meta.url).resolve('tsx');
  return ['--import', pathToFileURL(loader).href, script];
}
