// `npm run scan`: what foreign judges find in the running product, beside what was accepted with a reason.
import { parseArgs } from 'node:util';
import { compare, readBaseline, type Finding } from './baseline.ts';
import { scan } from './scan.ts';
import { installTools } from './tools.ts';

const help = `Lets Schemathesis (as a user and as an admin) and Spectral (OWASP rules) at the running product.

  npm run scan -- [--examples=50] [--seed=1]

  Fails for what test/scan/baseline.json does not accept, and for entries of it that are not found any more.
`;

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function show(found: readonly Finding[]): void {
  for (const { tool, rule, where, detail } of found) {
    say(`\nNew: ${tool} ${rule} at ${where}\n  ${detail.split('\n').join('\n  ')}`);
  }
}

if (values.help) {
  say(help);
} else {
  const tools = await installTools(say);
  const findings = await scan(tools, { maxExamples: Number(values.examples), seed: Number(values.seed), say });
  const { added, gone } = compare(await readBaseline(), findings);
  show(added);
  gone.forEach(({ tool, rule, where }) => say(`\nNot found any more, take it out: ${tool} ${rule} at ${where}`));
  say(`\n${findings.length - added.length} accepted, ${added.length} new, ${gone.length} gone`);
  process.exitCode = added.length + gone.length > 0 ? 1 : 0;
}
