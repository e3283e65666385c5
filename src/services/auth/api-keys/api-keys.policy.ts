// How API keys look, and which scopes may be given.
import { randomBytes } from 'node:crypto';
import { selfScopes } from '#src/platform/auth/api-keys.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { newId, sha256 } from '#src/platform/ids.ts';

/** A new key of 256 random bits, `ssk_<id>_<secret>`, and what is kept of it. */
export function newApiKey(): { readonly id: string; readonly key: string; readonly hash: string } {
  const id = newId().replaceAll('-', '');
  const key = `ssk_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, key, hash: sha256(key) };
}

/** Those of the scopes that the caller does not have to give. */
export function beyond(scopes: readonly string[], caller: Pick<Caller, 'can'>): string[] {
  return scopes.filter((scope) => !Object.hasOwn(selfScopes, scope) && !caller.can(scope));
}
