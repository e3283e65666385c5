// A foreign authenticator: soft-webauthn of PyPI in a virtual environment of its own, kept in the user's cache folder.
// Made once; where Python, pip or the packages cannot be had, whoever asks is told why.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { defaultCacheDir } from '#src/platform/embedded/cache.ts';

const run = promisify(execFile);
const packages = ['soft-webauthn==0.1.4', 'fido2==1.2.0'];
const folder = join(defaultCacheDir(), 'soft-webauthn-0.1.4');
const python = join(folder, 'bin/python');

/** Reads one request a line and answers with one; bytes travel as base64url. */
const driver = `
import json, sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from soft_webauthn import SoftWebauthnDevice
decode = lambda text: urlsafe_b64decode(text + '=' * (-len(text) % 4))
def encode(value):
    if isinstance(value, bytes):
        return urlsafe_b64encode(value).decode().rstrip('=')
    return {k: encode(v) for k, v in value.items()} if isinstance(value, dict) else value
device = SoftWebauthnDevice()
for line in sys.stdin:
    asked = json.loads(line)
    options = asked['options']
    options['challenge'] = decode(options['challenge'])
    if 'user' in options:
        options['user']['id'] = decode(options['user']['id'])
    answer = getattr(device, asked['do'])({'publicKey': options}, asked['origin'])
    answer = dict(encode(answer), id=encode(answer['rawId']), clientExtensionResults={})
    print(json.dumps(answer), flush=True)
`;

/** A running foreign authenticator with one passkey. */
export interface ForeignAuthenticator {
  create(options: object, origin: string): Promise<Record<string, unknown>>;
  get(options: object, origin: string): Promise<Record<string, unknown>>;
  stop(): void;
}

async function makeEnvironment(): Promise<void> {
  const works = async (): Promise<boolean> =>
    existsSync(python) &&
    (await run(python, ['-c', 'import soft_webauthn']).then(
      () => true,
      () => false,
    ));
  if (await works()) {
    return;
  }
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder], { timeout: 60_000 });
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { timeout: 120_000 });
}

/** Starts it, or says in one sentence why it cannot be had here. */
export async function startForeignAuthenticator(): Promise<ForeignAuthenticator | string> {
  try {
    await makeEnvironment();
  } catch (error) {
    const [line = ''] = String(error).split('\n');
    return `soft-webauthn cannot be had here (it needs python3, pip and ${packages.join(', ')}): ${line}`;
  }
  const child = spawn(python, ['-c', driver], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (what: string, options: object, origin: string): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify({ do: what, options, origin })}\n`);
    const { value, done } = await lines.next();
    if (done) {
      throw new Error('The foreign authenticator ended');
    }
    return JSON.parse(String(value)) as Record<string, unknown>;
  };
  return {
    create: async (options, origin) => await ask('create', options, origin),
    get: async (options, origin) => await ask('get', options, origin),
    stop: () => child.kill(),
  };
}
