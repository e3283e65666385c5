// A chart as a Mermaid state diagram, for pages that draw it themselves. Text only: Mermaid lays nested regions out badly.
// Called by pictures.ts.
import { statesOf, type GraphState, type PictureGraph } from './graph.ts';
import { wordsOf } from './boxes.ts';
import type { FoundMarks } from './marks.ts';
import { plain } from './xml.ts';

/** The text of the diagram. States are `s<n>` with their names as labels, so that no name can be syntax. */
export function mermaidOf(graph: PictureGraph, marks: FoundMarks | null): string {
  const names = new Map(statesOf(graph.root).map((state, index) => [state.id, `s${index}`]));
  const lines = ['stateDiagram-v2', `  %% ${graph.version}`, ...body(graph.root, names, '  ')];
  for (const transition of graph.transitions) {
    const [from, to] = [names.get(transition.source), names.get(transition.target ?? '')];
    // The machine's own transitions have no box to begin at.
    const begin = transition.source === graph.root.id ? '[*]' : from;
    const end = transition.target === graph.root.id ? '[*]' : to;
    lines.push(`  ${begin} --> ${end} : ${quoted(wordsOf(transition))}`);
  }
  if (marks) {
    const leaves = statesOf(graph.root).filter(({ states }) => states.length === 0);
    const of = (ids: ReadonlySet<string>): string[] =>
      leaves.flatMap(({ id }) => (ids.has(id) ? [names.get(id) ?? ''] : []));
    lines.push('  classDef visited fill:#e4f3ec,stroke:#12805c', '  classDef lit fill:#1769e0,color:#ffffff');
    const lit = of(marks.lit);
    const visited = of(marks.visited).filter((name) => !lit.includes(name));
    lines.push(...visited.map((name) => `  class ${name} visited`), ...lit.map((name) => `  class ${name} lit`));
  }
  return `${lines.join('\n')}\n`;
}

function body(state: GraphState, names: ReadonlyMap<string, string>, indent: string): string[] {
  const lines: string[] = [];
  const first = names.get(state.initial ?? '');
  if (first !== undefined && state.kind === 'compound') {
    lines.push(`${indent}[*] --> ${first}`);
  }
  for (const [index, child] of state.states.entries()) {
    if (index > 0 && state.kind === 'parallel') {
      lines.push(`${indent}--`);
    }
    const name = names.get(child.id) ?? '';
    const label = child.kind === 'history' ? (child.deep ? 'H*' : 'H') : child.name;
    lines.push(`${indent}state "${quoted(label)}" as ${name}`);
    if (child.states.length > 0) {
      lines.push(`${indent}state ${name} {`, ...body(child, names, `${indent}  `), `${indent}}`);
    }
    if (child.kind === 'final') {
      lines.push(`${indent}${name} --> [*]`);
    }
  }
  return lines;
}

/** Everything but letters, digits and a few harmless signs as Mermaid's numeric entities. */
function quoted(text: string): string {
  return plain(text.slice(0, 200)).replace(/[^\p{L}\p{N} ._/()-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}
