// The front door of exports, inside the user service.
import { beginExport } from './exports.commands.ts';
import { expireExport, makeExport } from './exports.effects.ts';
import { exportRoutes } from './exports.routes.ts';

/** What exports add to the service. */
export const exportsArea = {
  routes: exportRoutes,
  commands: [beginExport],
  effects: [makeExport, expireExport],
} as const;
