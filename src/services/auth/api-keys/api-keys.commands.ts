// Writes of API keys.
import { factorRules } from '#config/auth.ts';
import { ApiKeys, type ApiKey } from '#src/platform/auth/api-keys.ts';
import { defineCommand, insert, put } from '#src/platform/commands/command.ts';
import { noticed } from '../factors/factors.effects.ts';
import { apiKeyProblems } from './api-keys.errors.ts';
import { inputs } from './api-keys.schema.ts';

/** Keeps a new key by its digest. Codes: auth.too-many-api-keys. */
export const makeApiKey = defineCommand({
  kind: 'auth.api-key.make',
  pool: 'direct',
  recorded: false,
  input: inputs.make,
  problems: [apiKeyProblems.tooMany],
  key: ({ act }) => `api-keys.${act.userId}`,
  load: async () => await Promise.resolve(),
  decide: (_state, command, now) => {
    const { act, id, hash, name, scopes, expiresAt, others } = command.input;
    if (others >= factorRules.apiKeys) {
      return apiKeyProblems.tooMany();
    }
    const expires = expiresAt ? { expiresAt } : {};
    const key: ApiKey = { _id: id, userId: act.userId, name, hash, scopes, createdAt: now, ...expires, rev: 0 };
    const { writes, ...told } = noticed('api-key.made', act, command, now);
    return { writes: [insert(ApiKeys, key), ...writes], ...told, result: key };
  },
});

/** Revokes a key: no node takes it from the next request on. Codes: auth.api-key-not-found. */
export const revokeApiKey = defineCommand({
  kind: 'auth.api-key.revoke',
  pool: 'direct',
  recorded: false,
  input: inputs.revoke,
  problems: [apiKeyProblems.notFound],
  key: ({ act }) => `api-keys.${act.userId}`,
  load: async (commands, reader) => {
    await reader.read(
      ApiKeys,
      commands.map(({ input }) => input.id),
    );
  },
  decide: (state, command, now) => {
    const { act, id } = command.input;
    const key = state.get(ApiKeys, id);
    if (!key || key.userId !== act.userId || key.revokedAt) {
      return apiKeyProblems.notFound();
    }
    const revoked: ApiKey = { ...key, revokedAt: now, rev: key.rev + 1 };
    const { writes, ...told } = noticed('api-key.revoked', act, command, now);
    return { writes: [put(ApiKeys, revoked), ...writes], ...told, result: {} };
  },
});

/** Every command of this area. */
export const apiKeyCommands = [makeApiKey, revokeApiKey] as const;
