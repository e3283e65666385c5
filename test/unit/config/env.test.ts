// The environment: defaults, parsing, and every bad variable at once.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { childEnvironment, readConfig } from '#config/env.ts';

const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
  const read = readConfig(env);
  return 'problems' in read ? read.problems : [];
};

describe('readConfig', () => {
  it('has a default for all that has one', () => {
    const read = readConfig({});
    assert.ok('config' in read);
    assert.equal(read.config.port, 3_000);
    assert.equal(read.config.dataDir, resolve('.data'));
    assert.equal(read.config.registration, 'open');
    assert.deepEqual(read.config.corsOrigins, []);
    assert.equal(read.config.mongoUrl, undefined);
  });

  it('takes an empty variable for one that is not set', () => {
    const read = readConfig({ PORT: '', MONGO_URL: '', MASTER_KEY: '' });
    assert.ok('config' in read);
    assert.equal(read.config.port, 3_000);
    assert.equal(read.config.masterKey, undefined);
  });

  it('splits origins and counts hops', () => {
    const read = readConfig({ CORS_ORIGINS: 'https://a.example, https://b.example,', TRUST_PROXY: '2' });
    assert.ok('config' in read);
    assert.deepEqual(read.config.corsOrigins, ['https://a.example', 'https://b.example']);
    assert.equal(read.config.trustProxy, 2);
  });

  it('names every bad variable at once, in sentences that say what is wanted', () => {
    const problems = problemsOf({
      PORT: 'many',
      MONGO_URL: 'http://somewhere',
      REDIS_URL: 'somewhere',
      MASTER_KEY: 'short',
      BOOTSTRAP_ADMIN_EMAIL: 'nobody',
      REGISTRATION: 'perhaps',
      KEY_PREFIX: 'a:b',
      METRICS_PORT: '0',
      METRICS_TOKEN: 'short',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      OTEL_TRACES_SAMPLER_ARG: '2',
    });
    const named = problems
      .map((problem) => problem.split(':')[0])
      .toSorted((left = '', right = '') => left.localeCompare(right));
    assert.deepEqual(named, [
      'BOOTSTRAP_ADMIN_EMAIL',
      'KEY_PREFIX',
      'MASTER_KEY',
      'METRICS_PORT',
      'METRICS_TOKEN',
      'MONGO_URL',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_TRACES_SAMPLER_ARG',
      'PORT',
      'REDIS_URL',
      'REGISTRATION',
    ]);
    assert.ok(problems.includes('MONGO_URL: must begin with mongodb:// or mongodb+srv://'), problems.join('\n'));
  });

  it('reads secrets from files, and says which cannot be read or are given twice', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    const file = join(folder, 'master_key');
    await writeFile(file, `${'k'.repeat(43)}\n`);
    const read = readConfig({ MASTER_KEY_FILE: file });
    assert.ok('config' in read);
    assert.equal(read.config.masterKey, 'k'.repeat(43));
    assert.deepEqual(
      problemsOf({ MASTER_KEY_FILE: join(folder, 'none'), MONGO_URL: 'mongodb://a/b', MONGO_URL_FILE: file }),
      ['MASTER_KEY_FILE: names a file that cannot be read', 'MONGO_URL_FILE: MONGO_URL is set too; set one of them'],
    );
    assert.deepEqual(problemsOf({ METRICS_TOKEN_FILE: join(folder, 'none') }), [
      'METRICS_TOKEN_FILE: names a file that cannot be read',
    ]);
    await rm(folder, { recursive: true });
  });

  it('tells a child process each secret once, whether it was in a file or not', () => {
    const own = { MONGO_URL_FILE: '/run/mongo_url', MASTER_KEY_FILE: '/run/master_key', PATH: '/bin' };
    assert.deepEqual(childEnvironment({ MONGO_URL: 'mongodb://a/b' }, own), {
      MASTER_KEY_FILE: '/run/master_key',
      PATH: '/bin',
      MONGO_URL: 'mongodb://a/b',
    });
  });

  it('drains in production for five seconds, elsewhere not, or as long as it is told', () => {
    const drainMs = (env: NodeJS.ProcessEnv): number | undefined => {
      const read = readConfig(env);
      return 'config' in read ? read.config.drainMs : undefined;
    };
    assert.equal(drainMs({}), 0);
    assert.equal(drainMs({ NODE_ENV: 'production' }), 5_000);
    assert.equal(drainMs({ NODE_ENV: 'production', DRAIN_SECONDS: '0.5' }), 500);
  });

  it('never repeats what was given: it may be a secret', () => {
    assert.ok(!problemsOf({ MASTER_KEY: 'hunter2', MONGO_URL: 'x://user:hunter2@host' }).join(' ').includes('hunter2'));
  });
});
