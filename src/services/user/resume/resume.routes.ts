// The paths of résumés.
import { problems } from '#src/platform/errors.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { ownedBy } from '../showing/showing.policy.ts';
import { userProblems } from '../user.errors.ts';
import { importResume } from './resume.commands.ts';
import { takenFrom } from './resume.policy.ts';
import { resumeFor } from './resume.queries.ts';
import { importView, resumeBody, resumeOf, resumeView } from './resume.schema.ts';

/** The routes of résumés. */
export const resumeRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/users/:id/resume',
    summary: "Somebody's portfolio and skills, those that you may see, as a JSON Resume",
    auth: 'user',
    scope: 'visible',
    params: resumeOf,
    output: resumeView,
    problems: [userProblems.notFound],
    handle: async ({ params, caller }) => ({ status: 200, body: await resumeFor(caller, params.id) }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/users/:id/resume',
    summary: 'Lay a JSON Resume over your portfolio and skills; the same one again changes nothing',
    auth: 'user',
    scope: 'owner',
    params: resumeOf,
    body: resumeBody,
    output: importView,
    commands: [importResume],
    problems: [userProblems.notFound],
    handle: async ({ params, body, caller, submit }) => {
      ownedBy(caller, params.id);
      const { items, skills, faults, ignored } = takenFrom(body);
      if (faults.length > 0) {
        throw problems.invalid(undefined, { errors: faults });
      }
      const answer = await submit(importResume, { userId: params.id, items: items as never, skills: skills as never });
      return { ...answer, body: { ...(answer.body as object), ignored } };
    },
  }),
];
