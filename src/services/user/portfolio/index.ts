// What people show of themselves, for the front door of the user service: skills, and what they did.
import { skills } from '../skills/index.ts';

/** What these areas add to the service. */
export const portfolioAreas = {
  routes: [...skills.routes],
  commands: [...skills.commands],
  checks: skills.checks,
} as const;
