// Passkeys as their owner sees them.
import type { z } from 'zod';
import type { Passkey } from './passkeys.model.ts';
import type { passkeyView } from './passkeys.schema.ts';

/** A passkey without its key. */
export function presentPasskey(passkey: Passkey): z.output<typeof passkeyView> {
  const { _id: id, name, synced, createdAt, lastUsedAt } = passkey;
  return { id, name, synced, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null };
}
