// The paths of skills and endorsements.
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';
import { addSkill, changeSkill, endorseSkill, removeSkill, withdrawEndorsement } from './skills.commands.ts';
import { skillProblems } from './skills.errors.ts';
import { endorsementsFor, skillsFor } from './skills.queries.ts';
import {
  endorsementPage,
  endorsementQuery,
  givenEndorsement,
  newEndorsement,
  newSkill,
  ownSkillView,
  skillAt,
  skillChange,
  skillPage,
  skillsOf,
} from './skills.schema.ts';
import { ownedBy } from '../showing/showing.policy.ts';

const ofSkills: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/users/:id/skills',
    summary: "Somebody's skills, those that you may see, with how many endorsed them",
    auth: 'user',
    scope: 'visible',
    params: skillsOf,
    output: skillPage,
    problems: [userProblems.notFound],
    handle: async ({ params, caller }) => ({ status: 200, body: await skillsFor(caller, params.id) }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/users/:id/skills',
    summary: 'Put a skill into your list',
    auth: 'user',
    scope: 'owner',
    params: skillsOf,
    body: newSkill,
    status: 201,
    output: ownSkillView,
    commands: [addSkill],
    problems: [userProblems.notFound],
    handle: async ({ params, body, caller, submit }) => {
      ownedBy(caller, params.id);
      return await submit(addSkill, { userId: params.id, ...body });
    },
  }),
  defineRoute({
    method: 'patch',
    path: '/api/users/:id/skills/:slug',
    summary: 'Change a skill of your list, or its place',
    auth: 'user',
    scope: 'owner',
    params: skillAt,
    body: skillChange,
    output: ownSkillView,
    commands: [changeSkill],
    problems: [userProblems.notFound],
    handle: async ({ params, body, caller, submit }) => {
      ownedBy(caller, params.id);
      return await submit(changeSkill, { userId: params.id, slug: params.slug, change: body });
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/users/:id/skills/:slug',
    summary: 'Take a skill out of your list',
    auth: 'user',
    scope: 'owner',
    params: skillAt,
    status: 204,
    commands: [removeSkill],
    problems: [userProblems.notFound],
    handle: async ({ params, caller, submit }) => {
      ownedBy(caller, params.id);
      const { headers = {} } = await submit(removeSkill, { userId: params.id, slug: params.slug });
      return { status: 204, headers };
    },
  }),
];

const path = '/api/users/:id/skills/:slug/endorsements';

const ofEndorsements: readonly Route[] = [
  defineRoute({
    method: 'get',
    path,
    summary: 'Who endorsed a skill, the newest first',
    auth: 'user',
    scope: 'visible',
    params: skillAt,
    query: endorsementQuery,
    output: endorsementPage,
    problems: [userProblems.notFound, skillProblems.notFound],
    handle: async ({ params, query, caller }) => ({ status: 200, body: await endorsementsFor(caller, params, query) }),
  }),
  defineRoute({
    method: 'post',
    path,
    summary: 'Endorse a skill of a connection',
    auth: 'user',
    scope: 'visible',
    limit: 'invite',
    params: skillAt,
    body: newEndorsement,
    status: 201,
    alsoAnswers: { 200: 'It was endorsed before; the note is the one of now' },
    output: givenEndorsement,
    commands: [endorseSkill],
    handle: async ({ params, body, submit }) =>
      await submit(endorseSkill, { userId: params.id, slug: params.slug, ...body }),
  }),
  defineRoute({
    method: 'delete',
    path,
    summary: 'Take your endorsement back',
    auth: 'user',
    scope: 'visible',
    params: skillAt,
    status: 204,
    commands: [withdrawEndorsement],
    handle: async ({ params, submit }) => {
      const { headers = {} } = await submit(withdrawEndorsement, { userId: params.id, slug: params.slug });
      return { status: 204, headers };
    },
  }),
];

/** The routes of skills. */
export const skillRoutes: readonly Route[] = [...ofSkills, ...ofEndorsements];
