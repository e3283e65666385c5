// The area of skills, for the front door of the user service.
import { skillChecks } from './skills.checks.ts';
import { addSkill, changeSkill, endorseSkill, removeSkill, withdrawEndorsement } from './skills.commands.ts';
import { skillRoutes } from './skills.routes.ts';

/** Skills and endorsements. */
export const skills = {
  routes: skillRoutes,
  commands: [addSkill, changeSkill, removeSkill, endorseSkill, withdrawEndorsement],
  checks: skillChecks,
} as const;
