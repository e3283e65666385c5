// What a server's folder in DATA_DIR remembers between runs: its port and the binary that made its files. Called by
// mongod.ts and valkey.ts.
import { join } from 'node:path';
import { z } from 'zod';
import type { FoundBinary } from './binaries.ts';
import { EmbeddedError, freePort, isFree, readJson, writeJson } from './child.ts';

const stateSchema = z.object({
  port: z.number().int(),
  binary: z.object({
    path: z.string(),
    product: z.enum(['mongod', 'valkey', 'redis']),
    version: z.string(),
    source: z.enum(['path', 'download', 'wheel']),
  }),
});

/** What is remembered. */
export type ServerState = z.output<typeof stateSchema>;

const stateFile = (folder: string): string => join(folder, 'server.json');

/** The remembered state of a server's folder; undefined when nothing was ever started there. */
export function readState(folder: string): ServerState | undefined {
  return stateSchema.safeParse(readJson(stateFile(folder))).data;
}

/** Remembers port and binary for the next start. */
export function writeState(folder: string, state: { port: number; binary: FoundBinary }): void {
  writeJson(stateFile(folder), state);
}

/**
 * The port to start on: the wanted one, else the remembered one when it is free, else a free one.
 * @throws EmbeddedError when the wanted one is taken
 */
export async function choosePort(wanted: number | undefined, remembered: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (!(await isFree(wanted, '127.0.0.1'))) {
      throw new EmbeddedError(`Port ${String(wanted)} is taken by another program: stop it first`);
    }
    return wanted;
  }
  return remembered !== undefined && (await isFree(remembered, '127.0.0.1')) ? remembered : await freePort();
}
