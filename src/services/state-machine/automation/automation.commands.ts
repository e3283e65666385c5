// Writes of rules. Each is an act of an admin: the audit has it in the same transaction. The head's stamp tells every
// process that what it knows of rules is old.
import type { z } from 'zod';
import { retention } from '#config/retention.ts';
import { actDone } from '#src/platform/audit/audit.ts';
import {
  defineCommand,
  put,
  type Command,
  type Decision,
  type Reader,
  type State,
} from '#src/platform/commands/command.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import { definitionIn, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { stepFailed } from '../state-machine.errors.ts';
import { unlessFailed } from '../state-machine.workflow.ts';
import { ruleProblems } from './automation.errors.ts';
import { Heads, Rules, rulesHead, type StoredRule } from './automation.model.ts';
import { compile, faultsOfWords } from './automation.policy.ts';
import { presentRule } from './automation.presenter.ts';
import { inputs, maxRules, type RuleShape } from './automation.schema.ts';

type Input<Name extends keyof typeof inputs> = z.output<(typeof inputs)[Name]>;

interface Named {
  readonly name: string;
}

const key = ({ name }: Named): string => `rule.${name}`;

const load = async (commands: readonly Command<Named & Partial<RuleShape>>[], reader: Reader): Promise<void> => {
  const types = commands.flatMap(({ input: { then } }) => (then ? [{ type: typeOf(then) }] : []));
  await Promise.all([
    reader.read(
      Rules,
      commands.map(({ input }) => input.name),
    ),
    reader.read(Heads, [rulesHead]),
    loadDefinitions(reader, types),
  ]);
};

function typeOf(then: RuleShape['then']): string {
  return 'start' in then ? then.start.type : then.signal.type;
}

function existing(state: State, name: string): StoredRule | null {
  const rule = state.get(Rules, name);
  return rule && rule.removedAt === null ? rule : null;
}

/** What a rule says, as it is kept. */
function kept({ when, then }: RuleShape): Pick<StoredRule, 'on' | 'source'> {
  // oxlint-disable-next-line unicorn/no-thenable -- it is a text at once
  return { on: when.type, source: JSON.stringify({ when, then }) };
}

const unknown = (name: string): AppError => ruleProblems.notFound(`There is no rule ${name}`);

/** A no for a rule that could never do anything. */
function faulty(state: State, rule: RuleShape): AppError | null {
  const compiled = compile(rule, '/body');
  const definition = definitionIn(state, typeOf(rule.then));
  const errors = [...(Array.isArray(compiled) ? compiled : []), ...faultsOfWords(rule, definition)];
  return errors.length === 0 ? null : problems.invalid(undefined, { errors });
}

/** What a change writes: the rule, the head, and the audit's line. */
function changed(
  state: State,
  command: Command<Named>,
  verb: 'make' | 'change' | 'remove',
  rule: StoredRule,
): Decision {
  const head = state.get(Heads, rulesHead) ?? { _id: rulesHead, count: 0, rev: 0 };
  const more = { make: 1, change: 0, remove: -1 }[verb];
  return {
    writes: [put(Rules, rule), put(Heads, { ...head, count: head.count + more, stamp: command.id, rev: head.rev + 1 })],
    events: [actDone(command.id, { action: `machine.rule.${verb}`, target: { rule: rule._id, on: rule.on } })],
    result: presentRule(rule, null),
  };
}

/** Makes a rule. Codes: request.invalid, state-machine.step-failed, state-machine.rule-exists, state-machine.too-many-rules. */
export const makeRule = defineCommand<Input<'make'>>({
  kind: 'state-machine.rule.make',
  pool: 'direct',
  input: inputs.make,
  problems: [problems.invalid, stepFailed, ruleProblems.exists, ruleProblems.tooMany],
  key,
  load,
  decide: (state, command, now) =>
    unlessFailed(() => {
      const { name, enabled } = command.input;
      if (existing(state, name)) {
        return ruleProblems.exists(`There is a rule ${name}`);
      }
      if ((state.get(Heads, rulesHead)?.count ?? 0) >= maxRules) {
        return ruleProblems.tooMany(`There are ${maxRules} rules`);
      }
      const rev = (state.get(Rules, name)?.rev ?? 0) + 1;
      const by = { savedBy: command.actor, createdAt: now, updatedAt: now, removedAt: null, rev };
      return (
        faulty(state, command.input) ??
        changed(state, command, 'make', { _id: name, ...kept(command.input), enabled, ...by })
      );
    }),
});

/** Replaces a rule. Codes: request.invalid, state-machine.step-failed, state-machine.rule-not-found, request.precondition-failed. */
export const changeRule = defineCommand<Input<'change'>>({
  kind: 'state-machine.rule.change',
  pool: 'direct',
  input: inputs.change,
  problems: [problems.invalid, stepFailed, ruleProblems.notFound, problems.preconditionFailed],
  key,
  load,
  decide: (state, command, now) =>
    unlessFailed(() => {
      const { name, enabled, rev } = command.input;
      const before = existing(state, name);
      if (!before) {
        return unknown(name);
      }
      if (before.rev !== rev) {
        return problems.preconditionFailed('It is at another revision by now: read it again');
      }
      const after = {
        ...before,
        ...kept(command.input),
        enabled,
        savedBy: command.actor,
        updatedAt: now,
        rev: rev + 1,
      };
      return faulty(state, command.input) ?? changed(state, command, 'change', after);
    }),
});

/** Removes a rule; what it has asked for is done all the same. Codes: state-machine.rule-not-found. */
export const removeRule = defineCommand<Input<'remove'>>({
  kind: 'state-machine.rule.remove',
  pool: 'direct',
  input: inputs.remove,
  problems: [ruleProblems.notFound],
  key,
  load,
  decide: (state, command, now) => {
    const before = existing(state, command.input.name);
    if (!before) {
      return unknown(command.input.name);
    }
    const expireAt = new Date(now.getTime() + retention.automationRemovedMs);
    const after = { ...before, enabled: false, removedAt: now, updatedAt: now, expireAt, rev: before.rev + 1 };
    return changed(state, command, 'remove', after);
  },
});

/** Every command of this area. */
export const ruleCommands = [makeRule, changeRule, removeRule] as const;
