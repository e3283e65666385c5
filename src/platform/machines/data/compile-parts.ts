// Guards, delays and actions of a definition as the implementations of its chart. A guard and a computed delay are named
// by their expressions, so that verdicts, timers and pictures show what they say.
import { assign, cancel, raise, sendParent, sendTo } from 'xstate';
import { MachineFault } from '../fault.ts';
import type { Json } from '../json.ts';
import { computedMs, writtenMs } from './durations.ts';
import { charge, stepValue, stepValues, withinContext, type StepArgs } from './evaluate.ts';
import { actionsOf, celOf, type ActionSource, type ActionsSource, type Cel, type Template } from './source.ts';
import { compileGuard, compileTemplate, holesOf, stepVariables } from './values.ts';

/** The implementations of a chart, filled while it is compiled. */
export interface Parts {
  readonly actions: Record<string, unknown>;
  readonly guards: Record<string, (args: StepArgs) => boolean>;
  readonly delays: Record<string, number | ((args: StepArgs) => number)>;
}

/** The name of a guard. Throws RuleError. */
export function guardOf(source: string, { guards }: Parts): string {
  if (!Object.hasOwn(guards, source)) {
    const rule = compileGuard(source);
    guards[source] = (args) => {
      charge();
      return rule(stepValues(args));
    };
  }
  return source;
}

/** A value XState asks for with context and event. Throws RuleError. */
export function valueOf(template: Template): (args: StepArgs) => Json {
  const evaluate = compileTemplate(template, stepVariables);
  return (args) => stepValue(evaluate, stepValues(args));
}

/** The name of a delay: its milliseconds, its duration, or its expression. Throws RuleError. */
export function delayOf(delay: number | string | Cel, { delays }: Parts): string {
  const source = celOf(delay);
  const written = delay as number | string;
  if (source === null && (typeof written === 'number' || /^\d+$/u.test(written))) {
    return String(Number(written));
  }
  const name = source ?? String(written);
  if (!Object.hasOwn(delays, name)) {
    delays[name] = source === null ? (writtenMs(written) ?? 0) : computed(delay as Cel);
  }
  return name;
}

function computed(delay: Cel): (args: StepArgs) => number {
  const value = valueOf({ ...delay });
  return (args) => {
    const ms = computedMs(value(args));
    if (ms === null) {
      throw new MachineFault(`The delay ${delay.$cel} comes to neither milliseconds nor a duration`);
    }
    return ms;
  };
}

/** Actions as a chart has them, with their implementations put into `parts`. Throws RuleError. */
export function compileActions(source: ActionsSource | undefined, parts: Parts): unknown[] {
  return actionsOf(source).map((action) => actionOf(action, parts));
}

function actionOf({ type, params = {} }: ActionSource, parts: Parts): unknown {
  switch (type) {
    case 'set':
      parts.actions['set'] ??= assign((_: unknown, values: object) => values as never);
      return { type, params: settingOf(params) };
    case 'raise':
      return raise(eventOf(params) as never, optionsOf(params) as never);
    case 'cancel':
      return cancel(params['id'] as string);
    case 'sendTo':
      return sendTo(params['child'] as string, eventOf(params) as never, optionsOf(params) as never);
    case 'sendParent':
      return sendParent(eventOf(params) as never, optionsOf(params) as never);
    default:
      // Who does it is the registry's to know; here it is a name.
      parts.actions[type] ??= nothing;
      return { type, params: valueOf(params) };
  }
}

function nothing(): void {
  // Effects are data: the kernel reads their names and params and never calls them.
}

/** All expressions of one `set` see the context as it was before it. */
function settingOf(params: Readonly<Record<string, Template>>): (args: StepArgs) => Json {
  const values = valueOf(params);
  return (args) => {
    const set = values(args);
    withinContext({ ...(args.context as object), ...(set as object) });
    return set;
  };
}

function eventOf({ event }: Readonly<Record<string, Template>>): unknown {
  const template = event as Template;
  return holesOf(template).length === 0 ? template : valueOf(template);
}

function optionsOf({ id, delay }: Readonly<Record<string, Template>>): object {
  const given = delay as unknown as number | string | Cel | undefined;
  const wait =
    given === undefined ? undefined : celOf(given) === null ? writtenMs(given as string) : computed(given as Cel);
  return { ...(id === undefined ? {} : { id }), ...(wait === undefined ? {} : { delay: wait }) };
}
