// What a rule makes of an event: pure. The same evaluation decides in the event's transaction and in a dry run.
import type { WorkDraft } from '#src/platform/commands/command.ts';
import type { FieldProblem } from '#src/platform/errors.ts';
import { eventCatalogue, toCloudEvent, type StoredEvent } from '#src/platform/events/event.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { compileExpression, compileRule, fromJson, onAccount, type CelVariables } from '#src/platform/rules/cel.ts';
import { emittedByData } from '../state-machine.events.ts';
import { createBody, createKind, sendInput, sendKind } from '../state-machine.schema.ts';
import type { RuleShape, Would } from './automation.schema.ts';

/** Steps of CEL one rule may take for one event, and all rules for the events of one decision: about 25 and 200 ms. */
const ruleSteps = 50_000;
export const decisionSteps = 400_000;
/** Expressions in one rule, and the JSON it may put together, in bytes. */
const maxExpressions = 50;
const maxMade = 16 * 1024;
const cel = { variables: ['event'] };

/** A value with expressions in it, ready to be filled in. */
type Template = (variables: CelVariables) => unknown;

/** A rule that can be asked. */
export interface CompiledRule {
  readonly on: string;
  /** What it would do, null where it does not match. Throws where an expression fails or what comes out does not fit. */
  readonly ask: (variables: CelVariables) => Would | null;
}

/** The event as rules see it: as sockets get it, times as texts. */
export function variablesOf(event: StoredEvent): CelVariables {
  return { event: fromJson(toCloudEvent(event)) };
}

/** Collects what cannot be read while a rule is compiled. */
class Faults {
  readonly found: FieldProblem[] = [];
  #expressions = 0;

  compile<Made>(pointer: string, compile: () => Made): Made | null {
    this.#expressions += 1;
    try {
      if (this.#expressions > maxExpressions) {
        throw new Error(`A rule may hold ${maxExpressions} expressions`);
      }
      return compile();
    } catch (error) {
      this.found.push({ pointer, code: 'cel', detail: error instanceof Error ? error.message : String(error) });
      return null;
    }
  }
}

/** A rule made ready, or every fault in its expressions; `pointer` leads to the rule. */
export function compile({ when, then }: RuleShape, pointer: string): CompiledRule | FieldProblem[] {
  const faults = new Faults();
  const { if: source } = when;
  const matches =
    source === undefined ? () => true : faults.compile(`${pointer}/when/if`, () => compileRule(source, cel));
  const fill = templateOf(then, `${pointer}/then`, faults);
  if (faults.found.length > 0 || !matches) {
    return faults.found;
  }
  return {
    on: when.type,
    ask: (variables) => onAccount(ruleSteps, () => (matches(variables) ? fitting(fill(variables)) : null)),
  };
}

function templateOf(value: unknown, pointer: string, faults: Faults): Template {
  if (typeof value !== 'object' || value === null) {
    return () => value;
  }
  if (Array.isArray(value)) {
    const parts = value.map((part: unknown, index) => templateOf(part, `${pointer}/${index}`, faults));
    return (variables) => parts.map((part) => part(variables));
  }
  const members = Object.entries(value);
  const [first] = members;
  if (members.length === 1 && first?.[0] === '$cel') {
    const source: unknown = first[1];
    const expression = faults.compile(pointer, () => compileExpression(textOf(source), cel));
    return (variables) => expression?.(variables);
  }
  const parts = members.map(([name, part]) => [name, templateOf(part, `${pointer}/${escaped(name)}`, faults)] as const);
  return (variables) => Object.fromEntries(parts.map(([name, part]) => [name, part(variables)]));
}

function textOf(source: unknown): string {
  if (typeof source !== 'string') {
    throw new TypeError('$cel takes an expression as a text');
  }
  return source;
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** What was filled in, where the command it becomes takes it. */
function fitting(filled: unknown): Would {
  const would = filled as Would;
  if (JSON.stringify(would).length > maxMade) {
    throw new Error(`It puts together more than ${maxMade} bytes`);
  }
  const parsed = 'start' in would ? createBody.safeParse(would.start) : sendInput.safeParse(would.signal);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`What it puts together does not fit: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  }
  return would;
}

/** The command a rule asks for; its cause makes it one row for each rule and event. */
export function draftOf(rule: string, event: Pick<StoredEvent, '_id'>, would: Would): WorkDraft {
  const cause = `r.${rule}.${event._id}`;
  return 'start' in would
    ? { kind: createKind, input: would.start, cause }
    : { kind: sendKind, input: would.signal, cause };
}

/** What each of `matches` things that follow from one decision may hand down of its share; less than one: none follows. */
export function shareEach(share: number, matches: number): number {
  return Math.floor(share / (matches + 1));
}

/** What of a rule's words means nothing here: an event that nobody tells of, a machine or an input there is not. */
export function faultsOfWords({ when, then }: RuleShape, definition: MachineDefinition | undefined): FieldProblem[] {
  const faults: FieldProblem[] = [];
  const fault = (pointer: string, code: string, detail: string): void =>
    void faults.push({ pointer: `/body/${pointer}`, code, detail });
  if (!isTold(when.type)) {
    fault('when/type', 'event', `There is no event ${when.type}`);
  }
  const [verb, type] = 'start' in then ? ['start', then.start.type] : ['signal', then.signal.type];
  if (!definition) {
    fault(`then/${verb}/type`, 'machine', `There is no machine of the type ${type}`);
  } else if ('signal' in then && !Object.hasOwn(definition.events, then.signal.event.type)) {
    fault('then/signal/event/type', 'event', `Machines of the type ${type} take no ${then.signal.event.type}`);
  }
  return faults;
}

/** True for events of the catalogue, and for those that machines that are data may tell of: their first word is no other's. */
function isTold(type: string): boolean {
  const [first = ''] = type.split('.');
  return (
    eventCatalogue.has(type) ||
    (emittedByData.types.test(type) && ![...eventCatalogue.keys()].some((known) => known.startsWith(`${first}.`)))
  );
}
