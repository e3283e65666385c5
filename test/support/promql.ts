// Which metrics and labels a Prometheus text exposes, and which ones a PromQL expression asks for. Called by test/e2e.

/** Labels by sample name; of a metric without samples only its name, with no labels. */
export type Exposed = ReadonlyMap<string, ReadonlySet<string>>;

/** What the texts expose together. */
export function exposedBy(...texts: readonly string[]): Exposed {
  const exposed = new Map<string, Set<string>>();
  for (const line of texts.join('\n').split('\n')) {
    const [, name, labels = ''] = /^([a-z_:][\w:]*)(?:\{(.*)\})? \S+$/iu.exec(line) ?? [];
    if (name !== undefined) {
      const known = exposed.get(name) ?? new Set();
      [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/gu)].forEach(([, label = '']) => known.add(label));
      exposed.set(name, known);
    }
  }
  return exposed;
}

/** Given by Prometheus to every sample it scrapes. */
const scraped = ['instance', 'job'];

/**
 * What an expression (and the labels its legend names) asks for that is not exposed: one sentence each. Knows selectors,
 * `by` and `without`; every metric of an expression must have the labels it is grouped by.
 */
export function unmetBy(exposed: Exposed, expression: string, legend = ''): string[] {
  const metrics = [...expression.matchAll(/\b(brain_\w+)(?:\{([^}]*)\})?/gu)];
  const grouped = [...expression.matchAll(/\b(?:by|without) ?\(([^)]*)\)/gu)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  const named = [...legend.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/gu)].map(([, label = '']) => label);
  if (metrics.length === 0) {
    return [`${expression} asks for no metric`];
  }
  const left = grouped.length > 0 ? new Set(grouped) : undefined;
  const unmet = named
    .filter((label) => left !== undefined && !left.has(label))
    .map((label) => `${expression} leaves no label ${label} for its legend`);
  for (const [, name = '', selector = ''] of metrics) {
    const labels = exposed.get(name);
    if (!labels) {
      unmet.push(`there is no metric ${name}`);
      continue;
    }
    const selected = [...selector.matchAll(/(\w+) ?(?:=~|!~|!=|=)/gu)].map(([, label = '']) => label);
    const wanted = [...selected, ...grouped, ...(left ? [] : named)].filter((label) => !scraped.includes(label));
    unmet.push(...wanted.filter((label) => !labels.has(label)).map((label) => `${name} has no label ${label}`));
  }
  return unmet;
}
