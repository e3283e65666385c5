// Keeps the services alike and the catalogue whole: reads the tree and the registry, no I/O besides.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildRegistry } from '#src/app.ts';
import { pools } from '#config/pools.ts';
import { problemCatalogue } from '#src/platform/errors.ts';
import { eventCatalogue } from '#src/platform/events/event.ts';
import { services } from '#src/services/index.ts';

const root = join(import.meta.dirname, '../..');
const parts = [
  'schema',
  'routes',
  'policy',
  'commands',
  'queries',
  'presenter',
  'model',
  'events',
  'subscriptions',
  'effects',
  'workflow',
  'errors',
  'checks',
  'personal',
];
const folders = readdirSync(join(root, 'src/services'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
/** Files of a service; those of its areas, which are folders of the same anatomy, as `<area>/<file>`. */
const filesOf = (folder: string): string[] =>
  readdirSync(join(root, 'src/services', folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(root, 'src/services', folder, entry.name)).map((file) => `${entry.name}/${file}`)
      : [entry.name],
  );
const registry = buildRegistry();

describe('architecture', () => {
  it('has the mandated top level and nothing else', () => {
    const visible = readdirSync(root, { withFileTypes: true })
      .filter(
        (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !['node_modules', 'dist'].includes(entry.name),
      )
      .map((entry) => entry.name);
    assert.deepEqual(visible.toSorted(), ['bench', 'config', 'docs', 'machines', 'src', 'test', 'workers']);
  });

  for (const folder of folders) {
    it(`${folder} has a front door and only parts that every service may have`, () => {
      assert.ok(filesOf(folder).includes('index.ts'), 'index.ts is missing');
      const strange = filesOf(folder).filter((path) => {
        const [inside, file] = path.includes('/') ? path.split('/') : [folder, path];
        return !['index.ts', 'README.md', ...parts.map((part) => `${inside}.${part}.ts`)].includes(file ?? '');
      });
      assert.deepEqual(strange, []);
    });

    it(`${folder} has a small front door with explicit names`, () => {
      const lines = readFileSync(join(root, 'src/services', folder, 'index.ts'), 'utf8')
        .trimEnd()
        .split('\n');
      assert.ok(lines.length <= 60, `${lines.length} lines`);
      assert.ok(!lines.some((line) => line.includes('export *')), 'export * hides what the door offers');
    });
  }

  it('has every service folder in the table, once', () => {
    const names = services.map((service) => service.name);
    assert.deepEqual(names.toSorted(), folders.toSorted());
  });

  it('has a worker for every pool', () => {
    const files = readdirSync(join(root, 'workers')).filter((file) => file.endsWith('.worker.ts'));
    assert.deepEqual(
      files.toSorted(),
      Object.keys(pools)
        .map((pool) => `${pool}.worker.ts`)
        .toSorted(),
    );
  });

  it('has no route twice, and says of every route who may call it', () => {
    const names = registry.routes.map((route) => `${route.method} ${route.path}`);
    assert.equal(new Set(names).size, names.length);
    for (const route of registry.routes) {
      const open = route.auth === 'public';
      assert.ok(!open || /^\/(?:api\/auth\/|\.well-known\/)/u.test(route.path), `${route.path} is public`);
    }
  });

  it('has scopes that agree with who may call, and with what the path and the query name', () => {
    for (const { method, path, auth, scope, query } of registry.routes) {
      const name = `${method} ${path}`;
      const kind = typeof auth === 'string' ? auth : 'role';
      assert.equal(scope === 'public', kind === 'public', `${name}: the scope public is for routes anybody may call`);
      assert.equal(scope === 'role', kind === 'role', `${name}: the scope role is for routes that need a permission`);
      const namesThings = path.includes('/:') || query !== undefined;
      const ofThings = scope === 'owner' || scope === 'member' || scope === 'visible';
      assert.ok(!ofThings || namesThings, `${name}: the scope ${scope} is about things that a path or a filter names`);
    }
  });

  it('names commands, events and problems by service, in the manner of the catalogue', () => {
    const prefixes = [...folders, 'operations', 'audit', 'mail'];
    for (const kind of [...registry.commands.keys(), ...registry.effects.keys()]) {
      assert.ok(prefixes.includes(kind.split('.')[0] ?? ''), `the command ${kind}`);
    }
    for (const type of eventCatalogue.keys()) {
      assert.match(type, /^[a-z-]+(?:\.[a-z-]+)+$/u, `the event ${type}`);
    }
    for (const { code, status } of problemCatalogue.values()) {
      assert.match(code, /^[a-z-]+\.[a-z-]+$/u, `the problem ${code}`);
      assert.ok(status >= 400 && status < 600, `the problem ${code} has status ${status}`);
    }
  });

  it('keeps decide free of the database', () => {
    for (const folder of folders) {
      for (const file of filesOf(folder).filter((name) => name.endsWith('.commands.ts'))) {
        const source = readFileSync(join(root, 'src/services', folder, file), 'utf8');
        assert.ok(
          !/\.native\(\)|\.model\.(?!ts)|fetch\(/u.test(source),
          `${file} reads or writes beside load and decide`,
        );
      }
    }
  });

  it('keeps the order of reactions out of sight: every subscription names an event that exists', () => {
    for (const type of registry.subscriptions.keys()) {
      assert.ok(eventCatalogue.has(type), type);
    }
  });
});
