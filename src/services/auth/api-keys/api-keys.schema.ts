// Inputs and outputs of API keys.
import { z } from 'zod';
import { permissions } from '#src/platform/auth/permissions.ts';
import { selfScopes } from '#src/platform/auth/api-keys.ts';
import { pageOf } from '#src/platform/http/cursor.ts';
import { act } from '../auth.schema.ts';

const scopeNames = [...Object.keys(permissions), ...Object.keys(selfScopes)] as [string, ...string[]];
const scope = z.enum(scopeNames);

const keyName = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters');

/** `POST /api/auth/api-keys`. */
export const makeApiKeyBody = z.strictObject({
  name: keyName,
  scopes: z.array(scope).min(1).max(scopeNames.length),
  expiresInDays: z.int().min(1).max(3_650).optional().describe('Left out, the key is good until it is revoked'),
});

/** `/api/auth/api-keys/:id`. */
export const apiKeyParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/u, 'Not the id of an API key') });

/** A key as its owner sees it; the key itself is not kept. */
export const apiKeyView = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.string()).max(scopeNames.length),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().describe('To the minute'),
  })
  .meta({ id: 'ApiKey' });

/** A new key, shown once. */
export const apiKeyMade = apiKeyView.extend({ key: z.string() }).meta({ id: 'NewApiKey' });

/** All keys of an account. */
export const apiKeyPage = pageOf(apiKeyView);

/** Inputs of the commands of this area. */
export const inputs = {
  make: z.strictObject({
    act,
    id: z.string(),
    hash: z.string(),
    name: keyName,
    scopes: z.array(scope),
    expiresAt: z.date().optional(),
    others: z.int().min(0),
  }),
  revoke: z.strictObject({ act, id: z.string() }),
};
