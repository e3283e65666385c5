// What scanners find beside what was accepted: each accepted kind of finding carries its reason. Called by scan.ts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Something a scanner does not like: its rule, the operation or path it is at, and what it says. */
export interface Finding {
  readonly tool: 'spectral' | 'schemathesis';
  readonly rule: string;
  readonly where: string;
  readonly detail: string;
}

const entries = z.array(
  z.strictObject({
    tool: z.enum(['spectral', 'schemathesis']),
    rule: z.string().min(1),
    /** A regular expression that the place fits. */
    where: z.string(),
    reason: z.string().min(20),
    /** Found with some seeds only: it does not have to go where it was not found. */
    mayBeMissed: z.literal(true).optional(),
  }),
);

/** The accepted findings of `baseline.json`. */
export type Baseline = z.output<typeof entries>;

/** Reads the committed baseline. @throws ZodError where an entry lacks its reason */
export async function readBaseline(): Promise<Baseline> {
  return entries.parse(JSON.parse(await readFile(join(import.meta.dirname, 'baseline.json'), 'utf8')));
}

function fits(entry: Baseline[number], { tool, rule, where }: Finding): boolean {
  return entry.tool === tool && entry.rule === rule && new RegExp(entry.where, 'u').test(where);
}

/** What is new, and which entries are not found any more: both are failures. */
export function compare(
  baseline: Baseline,
  findings: readonly Finding[],
): { readonly added: readonly Finding[]; readonly gone: Baseline } {
  return {
    added: findings.filter((finding) => !baseline.some((entry) => fits(entry, finding))),
    gone: baseline.filter((entry) => !entry.mayBeMissed && !findings.some((finding) => fits(entry, finding))),
  };
}
