// Reads of API keys.
import { limits } from '#config/limits.ts';
import { ApiKeys, type ApiKey } from '#src/platform/auth/api-keys.ts';

/** The keys of an account that were not revoked, expired ones too, the oldest first. */
export async function apiKeysOf(userId: string): Promise<ApiKey[]> {
  return await ApiKeys.native()
    .find({ userId, revokedAt: { $exists: false } }, { maxTimeMS: limits.mongoMs })
    .sort({ _id: 1 })
    .limit(limits.pageMax)
    .toArray();
}
