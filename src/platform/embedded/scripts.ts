// How another TypeScript file of this project is run as a Node process, from source or compiled. Called by the
// supervisor and by download.ts.
import { fileURLToPath } from 'node:url';

/** The file `name` (without ending) beside the module `base`, with that module's own ending: `.ts`, or `.js` when compiled. */
export function scriptBeside(base: string, name: string): string {
  return fileURLToPath(new URL(`${name}${base.endsWith('.js') ? '.js' : '.ts'}`, base));
}

/** The arguments `process.execPath` needs to run such a file. */
export function nodeArguments(script: string): string[] {
  return script.endsWith('.js') ? ['--conditions=compiled', script] : ['--import', import.meta.resolve('tsx'), script];
}
