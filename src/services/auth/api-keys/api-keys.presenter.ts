// API keys as their owner sees them.
import type { z } from 'zod';
import type { ApiKey } from '#src/platform/auth/api-keys.ts';
import type { apiKeyView } from './api-keys.schema.ts';

/** A key without its hash. */
export function presentApiKey(key: ApiKey): z.output<typeof apiKeyView> {
  return {
    id: key._id,
    name: key.name,
    scopes: [...key.scopes],
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}
