// Everything secret derives from MASTER_KEY (HKDF-SHA256, RFC 5869), so that all processes agree and one file is
// enough to keep. Read by token signing and by signed cursors.
import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { config } from '#config/env.ts';

function derive(purpose: string, length: number): Buffer {
  if (!config.masterKey) {
    throw new Error('MASTER_KEY is not set: give every process the same 32 random bytes in base64url');
  }
  return Buffer.from(hkdfSync('sha256', config.masterKey, 'smartstart-brain', purpose, length));
}

/** A P-256 key pair for ES256, the same in every process with this MASTER_KEY. */
export function deriveSigningKey(purpose: string): { privateKey: KeyObject; publicKey: KeyObject; jwk: JsonWebKey } {
  const curve = createECDH('prime256v1');
  // 32 random bytes are a valid P-256 scalar except with probability 2^-32; the counter makes it certain.
  for (let counter = 0; ; counter += 1) {
    const scalar = derive(`${purpose}.${counter}`, 32);
    try {
      curve.setPrivateKey(scalar);
    } catch {
      continue;
    }
    const point = curve.getPublicKey();
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    };
    const privateKey = createPrivateKey({ key: { ...jwk, d: scalar.toString('base64url') }, format: 'jwk' });
    return { privateKey, publicKey: createPublicKey({ key: jwk, format: 'jwk' }), jwk };
  }
}

/** Keys of MACs, derived once: some are needed for every batch. */
const macKeys = new Map<string, Buffer>();

/** A MAC of a text under a key of its own for each purpose (a few, named in code), base64url. */
export function mac(purpose: string, text: string): string {
  const key = macKeys.get(purpose) ?? derive(`mac.${purpose}`, 32);
  macKeys.set(purpose, key);
  return createHmac('sha256', key).update(text).digest('base64url');
}
