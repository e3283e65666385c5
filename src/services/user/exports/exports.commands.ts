// Begins exports.
import { defineCommand, insert } from '#src/platform/commands/command.ts';
import { UserExports, type UserExport } from './exports.model.ts';
import { makeExportKind } from './exports.effects.ts';
import { beginInput } from './exports.schema.ts';

/** Begins the export of an account; its work row is the operation to follow. */
export const beginExport = defineCommand({
  kind: 'user.export.begin',
  pool: 'direct',
  input: beginInput,
  key: ({ userId }) => `user.${userId}`,
  load: async () => await Promise.resolve(),
  decide: (_state, { id, input: { userId, parts } }, now) => {
    const exportId = `x-${id}`;
    const row: UserExport = {
      _id: exportId,
      userId,
      state: 'running',
      partsDone: 0,
      parts,
      bytes: null,
      sha256: null,
      createdAt: now,
      doneAt: null,
      rev: 0,
    };
    const input = { userId, exportId, createdAt: now.toISOString() };
    return {
      writes: [insert(UserExports, row)],
      work: [{ kind: makeExportKind, input, cause: `export.${exportId}`, id: exportId }],
      result: { id: exportId, kind: makeExportKind, state: 'new' },
    };
  },
});
