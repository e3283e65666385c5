// Reads of exports.
import type { Readable } from 'node:stream';
import { limits } from '#config/limits.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { exportFiles, UserExports, type UserExport } from './exports.model.ts';
import { presentExport } from './exports.presenter.ts';
import type { ExportView } from './exports.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** An export of this person, or null. */
export async function findExport(userId: string, exportId: string): Promise<UserExport | null> {
  return await UserExports.native().findOne({ _id: exportId, userId }, bounded);
}

/** True where one is being made. */
export async function isExporting(userId: string): Promise<boolean> {
  const running = { userId, state: 'running' as const };
  return (await UserExports.native().findOne(running, { ...bounded, projection: { _id: 1 } })) !== null;
}

/** The exports of this person, newest first. */
export async function listOfExports(
  userId: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<ExportView>> {
  const purpose = `exports.${userId}`;
  const after = query.cursor === undefined ? undefined : (decodeCursor(purpose, query.cursor) as string);
  const rows = await UserExports.native()
    .find({ userId, ...(after === undefined ? {} : { _id: { $lt: after } }) }, bounded)
    .sort({ _id: -1 })
    .limit(query.limit + 1)
    .toArray();
  return toPage(rows, query.limit, presentExport, ({ _id }) => encodeCursor(purpose, _id));
}

/** The bytes of a finished export. */
export function bytesOfExport(exportId: string): Readable {
  return exportFiles().openDownloadStream(exportId as never);
}
