// The tables of docs/operations.md that people set up their Prometheus, read their traces and split their processes by: every
// metric, span, service and pool there is, and no other.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pools } from '#config/pools.ts';
import { clusterMetrics } from '#src/platform/metrics/cluster.ts';
import { measureProcess, processMetrics } from '#src/platform/metrics/metrics.ts';
import { poolsOfService } from '#src/platform/registry.ts';
import { services } from '#src/services/index.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');

/** The cells of the table that begins with this title, row by row. */
function cellsOf(title: string): string[][] {
  const lines = page.split('\n');
  const begin = lines.findIndex((line) => new RegExp(`^\\| ${title} +\\|`, 'u').test(line));
  assert.ok(begin > 0, `there is no table of ${title}`);
  const rows = lines.slice(begin + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((row) => row.split('|').slice(1, -1));
}

/** What stands in backticks. */
function quotedIn(text: string): string[] {
  return [...text.matchAll(/`(?<name>[^`]+)`/gu)].map(({ groups }) => groups?.['name'] ?? '');
}

/** What stands in backticks in the first column of the table that begins with this title. */
function firstColumn(title: string): string[] {
  return cellsOf(title).flatMap(([first = '']) => quotedIn(first));
}

/** Names that the code gives its spans. Those of requests are their methods and patterns. */
function spansOfCode(): string[] {
  const folder = join(root, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const given = /(?:underRowSpan\(\s*|\b(?:each|commit): )'(?<name>[a-z]+\.[a-z]+)'/gu;
  return files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(given)].map(({ groups }) => groups?.['name'] ?? ''),
  );
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

describe('the page for operators', () => {
  it('has every metric in its table, and none that is not there', () => {
    measureProcess();
    const all = [processMetrics, clusterMetrics([])].flatMap((registry) =>
      registry.getMetricsAsArray().map(({ name }) => name),
    );
    const named = firstColumn('metric');
    const families = named.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
    const inFamily = (name: string): boolean => families.some((family) => name.startsWith(family));
    const single = sorted(all.filter((name) => !inFamily(name)));
    assert.deepEqual(sorted(named.filter((name) => !name.endsWith('*'))), single);
    assert.deepEqual(families, ['brain_process_', 'brain_nodejs_']);
    assert.ok(single.length > 15);
  });

  it('has every span in its table, and none that is not there', () => {
    const named = firstColumn('span').filter((name) => !/^[A-Z]/u.test(name));
    assert.deepEqual(sorted(named), sorted(spansOfCode()));
  });

  it('says of every service which pools do its work', () => {
    const named = cellsOf('service').map(([service = '', its = '']) => [
      ...quotedIn(service),
      // What comes after a semicolon is done for it in pools of others.
      quotedIn(its.split(';')[0] ?? '').toSorted(),
    ]);
    const all = services.map((service) => [service.name, poolsOfService(service).toSorted()]);
    assert.deepEqual(new Map(named as [string, string[]][]), new Map(all as [string, string[]][]));
  });

  it('counts the shards of the pools as they are', () => {
    const [, most, fewer = ''] = /Shards \((\d+) a pool, (\d+ of `\w+`)\)/u.exec(page) ?? [];
    const odd = Object.entries(pools).filter(([, { shards }]) => shards !== Number(most));
    assert.deepEqual(
      odd.map(([pool, { shards }]) => `${shards} of \`${pool}\``),
      [fewer],
    );
  });
});
