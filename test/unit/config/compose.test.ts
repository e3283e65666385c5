// docker-compose.yml beside the environment: what is set for the file reaches the processes, and what is scraped is all of
// them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { variables } from '#config/env.ts';
import { readCompose, type ComposeFile, type ComposeService } from '../../support/compose.ts';

const root = join(import.meta.dirname, '../../..');

/** Variables that setting them for the file does not change in its processes, and why. */
const fixed: Readonly<Record<string, string>> = {
  NODE_ENV: 'the file is the production shape',
  PORT: 'is where the balancer listens; behind it every API has 3000',
  DATA_DIR: 'no server is embedded there',
  MONGO_URL: 'its server is in the file',
  REDIS_URL: 'its server is in the file',
  KEY_PREFIX: 'the Valkey of the file is one system’s alone',
  MASTER_KEY: 'is a secret of the file',
  BOOTSTRAP_ADMIN_PASSWORD: 'is a secret of the file',
  METRICS_PORT: 'is what the documented scrape asks for',
  DRAIN_SECONDS: 'stop_grace_period is made for it',
};
const needed = { BOOTSTRAP_ADMIN_EMAIL: 'first@example.test' };
/** Every variable set to something of its own. */
const all = Object.fromEntries(variables.map((name) => [name, `given as ${name}`]));

/** The services that are processes of the product and run all the time. */
function ownServices({ services }: ComposeFile): [name: string, service: ComposeService][] {
  return Object.entries(services).filter(
    ([, { image, profiles }]) => image === 'smartstart-brain' && profiles === undefined,
  );
}

describe('docker-compose.yml', () => {
  let file: ComposeFile;
  let given: ComposeFile;
  before(async () => {
    file = await readCompose(needed);
    given = await readCompose(all);
  });

  for (const name of variables) {
    it(`${name in fixed ? 'has its own' : 'passes on'} ${name}`, () => {
      const changed = ownServices(given).filter(
        ([service, { environment }]) => environment?.[name] !== file.services[service]?.environment?.[name],
      );
      // Who makes the first admin is one service; whatever else is set counts in every process.
      const wanted = name === 'BOOTSTRAP_ADMIN_EMAIL' ? ['api'] : ownServices(file).map(([service]) => service);
      assert.deepEqual(
        changed.map(([service]) => service),
        name in fixed ? [] : wanted,
      );
    });
  }

  it('names no variable that is not read', () => {
    assert.deepEqual(
      Object.keys(fixed).filter((name) => !variables.includes(name)),
      [],
    );
  });

  it('has the folder of leaked passwords in every process of the product that is told of it', () => {
    const own = Object.entries(given.services).filter(([, { image }]) => image === 'smartstart-brain');
    for (const [name, { environment, volumes = [] }] of own) {
      const inside = environment?.['PWNED_PASSWORDS_DIR'] ?? '';
      assert.ok(volumes.includes(`${all['PWNED_PASSWORDS_DIR']}:${inside}:ro`), `${name} has ${volumes.join(', ')}`);
    }
  });
});

const scraping = z.object({
  scrape_configs: z.array(
    z.looseObject({
      dns_sd_configs: z.array(z.looseObject({ names: z.array(z.string()), type: z.literal('A'), port: z.int() })),
    }),
  ),
});

describe('the documented deployment', () => {
  it('writes what the file demands of every command to .env, where every command finds it', () => {
    const demanded = [...readFileSync(join(root, 'docker-compose.yml'), 'utf8').matchAll(/\$\{(\w+):\?/gu)];
    assert.ok(demanded.length > 0);
    const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
    const [, deploy = ''] = /## Deploy\n[\s\S]*?```sh\n([\s\S]*?)```/u.exec(page) ?? [];
    for (const [, name] of demanded) {
      assert.match(deploy, new RegExp(`^echo ${name}=\\S+ >> \\.env\\b`, 'mu'));
    }
  });
});

describe('the documented scrape', () => {
  it('asks for every replica of every service, where it answers', async () => {
    const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
    const [, example = ''] = /```yaml\n(scrape_configs:[\s\S]*?)```/u.exec(page) ?? [];
    const asked = scraping
      .parse(parse(example))
      .scrape_configs.flatMap(({ dns_sd_configs: found }) => found)
      .flatMap(({ names, port }) => names.map((name) => `${name}:${port}`));
    const served = ownServices(await readCompose(needed)).map(([name, { command = [], environment }]) =>
      command.includes('dist/src/main.js') ? `${name}:3000` : `${name}:${environment?.['METRICS_PORT']}`,
    );
    assert.deepEqual(asked.toSorted(), served.toSorted());
  });
});
