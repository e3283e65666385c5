// Front door of the gamification service: XP, levels, badges, leaderboards.
import type { Service } from '#src/platform/registry.ts';
import { gamificationChecks } from './gamification.checks.ts';
import { addXpCommand, importXpCommand, xpImport } from './gamification.commands.ts';
import { grantXpEffect, takeXpEffect } from './gamification.effects.ts';
import { xpBoard } from './gamification.queries.ts';
import { gamificationRoutes } from './gamification.routes.ts';
import './gamification.personal.ts';

/** What the service offers to the process roots. */
export const gamificationService: Service = {
  name: 'gamification',
  routes: gamificationRoutes,
  commands: [addXpCommand, importXpCommand],
  machineEffects: [grantXpEffect, takeXpEffect],
  imports: [xpImport],
  projections: [xpBoard],
  checks: gamificationChecks,
};
