// Everything secret derives from MASTER_KEY (HKDF-SHA256, RFC 5869), so that all processes agree and one file is
// enough to keep. Read by signed cursors and by what is kept or handed out sealed.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { config } from '#config/env.ts';

function derive(purpose: string, length: number): Buffer {
  if (!config.masterKey) {
    throw new Error('MASTER_KEY is not set: give every process the same 32 random bytes in base64url');
  }
  return Buffer.from(hkdfSync('sha256', config.masterKey, 'smartstart-brain', purpose, length));
}

/** Keys of MACs, derived once: some are needed for every batch. */
const macKeys = new Map<string, Buffer>();

/** A MAC of a text under a key of its own for each purpose (a few, named in code), base64url. */
export function mac(purpose: string, text: string): string {
  const key = macKeys.get(purpose) ?? derive(`mac.${purpose}`, 32);
  macKeys.set(purpose, key);
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Keys of seals, derived once. */
const sealKeys = new Map<string, Buffer>();

function sealKey(purpose: string): Buffer {
  const key = sealKeys.get(purpose) ?? derive(`seal.${purpose}`, 32);
  sealKeys.set(purpose, key);
  return key;
}

/**
 * Encrypts a text (AES-256-GCM) under a key of its own for each purpose: nonce, tag and cipher text in base64url. It
 * opens only where `bound`, such as the id of its owner, is the same.
 */
export function seal(purpose: string, text: string, bound = ''): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealKey(purpose), nonce).setAAD(Buffer.from(bound));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** The text that was sealed for this purpose and bound to the same; null for anything else. */
export function unseal(purpose: string, sealed: string, bound = ''): string | null {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < 28) {
    return null;
  }
  try {
    const opener = createDecipheriv('aes-256-gcm', sealKey(purpose), bytes.subarray(0, 12), { authTagLength: 16 });
    opener.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([opener.update(bytes.subarray(28)), opener.final()]).toString('utf8');
  } catch {
    return null;
  }
}
