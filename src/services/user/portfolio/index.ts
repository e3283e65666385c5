// What people show of themselves, for the front door of the user service: skills, portfolio, résumé, and
// what they did.
import { chooseViews, noteView } from '../activity/activity.commands.ts';
import { activityRoutes } from '../activity/activity.routes.ts';
import { importResume } from '../resume/resume.commands.ts';
import { resumeRoutes } from '../resume/resume.routes.ts';
import { skills } from '../skills/index.ts';
import { addItem, changeItem, removeItem } from './portfolio.commands.ts';
import { portfolioRoutes } from './portfolio.routes.ts';

/** What these areas add to the service. */
export const portfolioAreas = {
  routes: [...skills.routes, ...portfolioRoutes, ...resumeRoutes, ...activityRoutes],
  commands: [...skills.commands, addItem, changeItem, removeItem, importResume, chooseViews, noteView],
  checks: skills.checks,
} as const;
