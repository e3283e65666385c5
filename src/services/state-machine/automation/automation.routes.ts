// The paths of rules.
import { setTimeout as delay } from 'node:timers/promises';
import { problems } from '#src/platform/errors.ts';
import { pageQuery } from '#src/platform/http/cursor.ts';
import { givesTag, ifMatch, requireIfMatch, withTag } from '#src/platform/http/etag.ts';
import { defineRoute, type RouteAnswer } from '#src/platform/http/route.ts';
import { changeRule, makeRule, removeRule } from './automation.commands.ts';
import { ruleProblems } from './automation.errors.ts';
import { presentRule } from './automation.presenter.ts';
import { dryRun, listRules, readRule } from './automation.queries.ts';
import { dryRunBody, dryRunView, newRuleBody, ruleBody, rulePage, ruleParams, ruleView } from './automation.schema.ts';
import { ruleFreshMs } from './automation.workflow.ts';

const base = '/api/state-machines/rules';
const automate = { auth: { permission: 'machine.automate' }, scope: 'role' } as const;

/** The answer once every process goes by the change: what they know is never older than this where they decide. */
async function known(answer: RouteAnswer): Promise<RouteAnswer> {
  await delay(ruleFreshMs);
  return answer;
}

const reads = [
  defineRoute({
    ...automate,
    method: 'get',
    path: base,
    summary: 'Rules by name, each with about what it came to',
    query: pageQuery,
    output: rulePage,
    handle: async ({ query }) => ({ status: 200, body: await listRules(query) }),
  }),
  defineRoute({
    ...automate,
    method: 'get',
    path: `${base}/:name`,
    summary: 'One rule, and about what it came to',
    params: ruleParams,
    output: ruleView,
    givesHeaders: givesTag,
    problems: [ruleProblems.notFound],
    handle: async ({ params: { name } }) => {
      const { rule, tally } = await readRule(name);
      return withTag({ status: 200, body: presentRule(rule, tally) }, { id: name, rev: rule.rev });
    },
  }),
  defineRoute({
    ...automate,
    method: 'post',
    path: `${base}/dry-run`,
    summary: 'What a rule would have done with events that happened; nothing is written',
    limit: 'search',
    body: dryRunBody,
    output: dryRunView,
    problems: [problems.invalid],
    handle: async ({ body }) => ({ status: 200, body: await dryRun(body) }),
  }),
];

const writes = [
  defineRoute({
    ...automate,
    method: 'post',
    path: base,
    summary: 'Make a rule: when an event of a type happens, start or signal a machine',
    body: newRuleBody,
    status: 201,
    output: ruleView,
    commands: [makeRule],
    handle: async ({ body, submit }) => await known(await submit(makeRule, body, 201)),
  }),
  defineRoute({
    ...automate,
    method: 'put',
    path: `${base}/:name`,
    summary: 'Replace a rule, or switch it off or on',
    params: ruleParams,
    body: ruleBody,
    output: ruleView,
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    commands: [changeRule],
    problems: [problems.preconditionFailed, problems.preconditionRequired],
    handle: async ({ params: { name }, body, header, submit }) => {
      const { rule } = await readRule(name);
      const rev = requireIfMatch(header('if-match'), { id: name, rev: rule.rev });
      return withTag(await known(await submit(changeRule, { ...body, name, rev })), { id: name, rev: rev + 1 });
    },
  }),
  defineRoute({
    ...automate,
    method: 'delete',
    path: `${base}/:name`,
    summary: 'Remove a rule; what it has asked for is done all the same',
    params: ruleParams,
    status: 204,
    commands: [removeRule],
    handle: async ({ params: { name }, submit }) => {
      await known(await submit(removeRule, { name }));
      return { status: 204 };
    },
  }),
];

/** Routes of this area. */
export const ruleRoutes = [...reads, ...writes];
