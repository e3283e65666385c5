// What an evaluation may cost: every call, every turn of a macro and what they work on is counted, so that no expression
// holds a process, whatever it is fed. Counts, not clocks: the same inputs always come to the same end. Used by cel.ts.
import { celEnv, celFunc, CelScalar, isCelList, isCelMap, type CelEnv, type CelInput } from '@bufbuild/cel';

/** Steps one evaluation may take; about a tenth of a second on a slow core. */
const maxSteps = 200_000;
/** Elements of a list or map that a macro walks, or that is put together. */
const maxElements = 1_000;
/** Characters of a text that is put together. */
const maxText = 65_536;
/** Characters of a regular expression. */
const maxPattern = 256;

/** Stands around the range of a macro, and around the condition of each turn. */
export const rangeCall = '@range';
export const turnCall = '@turn';

// One evaluation at a time: CEL is synchronous, and nothing in it calls back.
let left = 0;
let why: string | null = null;
/** What all evaluations of something larger may still take together; see `CelAccount`. */
let account = Number.POSITIVE_INFINITY;
let taken = 0;

/** An evaluation that was stopped. CEL's logic may swallow it, so `metered` throws it again at the end. */
export class CelCostError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'CelCostError';
  }
}

/** Runs one evaluation on its own steps. Throws CelCostError where they were not enough, whatever came out. */
export function metered<Result>(body: () => Result): Result {
  const outer = left;
  const given = Math.min(maxSteps, account);
  left = given;
  why = given < maxSteps ? 'takes more steps than all that is evaluated with it may' : null;
  try {
    const result = body();
    if (left < 0) {
      throw new CelCostError(why ?? `takes more than ${maxSteps} steps`);
    }
    return result;
  } finally {
    const cost = given - Math.max(left, 0);
    account -= cost;
    taken += cost;
    left = outer;
  }
}

/** Steps for evaluations that are not all done in one turn of the event loop, such as those of one request. */
export class CelAccount {
  #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** True where nothing more can be evaluated on it. */
  get isEmpty(): boolean {
    return this.#steps <= 0;
  }

  /** As `onAccount`, with what is left of it. `body` is synchronous. */
  pay<Result>(body: () => Result): Result {
    const outer = account;
    const given = Math.min(outer, this.#steps);
    account = given;
    try {
      return body();
    } finally {
      this.#steps -= given - account;
      account = outer - (given - account);
    }
  }
}

/**
 * Runs `body`, whose evaluations may take so many steps together, besides what each may take alone; an account inside
 * another is paid by both. Those that come after the last step throw, as one does that takes too many.
 */
export function onAccount<Result>(steps: number, body: () => Result): Result {
  return new CelAccount(steps).pay(body);
}

/** Steps that all evaluations have taken so far: what something larger has cost is the difference over it. */
export function stepsTaken(): number {
  return taken;
}

/** Takes steps off the account. Throws CelCostError where it is empty. */
export function spend(steps: number): void {
  left -= steps;
  if (left < 0) {
    throw stopped(why ?? `takes more than ${maxSteps} steps`);
  }
}

type Value = CelInput;

/** A function of CEL by one name, with all its overloads. */
interface FuncGroup {
  call(id: number, target: Value | undefined, args: Value[]): Value | undefined;
}

const { DYN, INT, DOUBLE } = CelScalar;

// JSON knows one kind of number: `2` may be the price that was `2.5` before, and CEL does not add an int to a double.
const mixed = (['_+_', '_-_', '_*_', '_/_'] as const).flatMap((name) => [
  celFunc(name, [INT, DOUBLE], DOUBLE, (left, right) => reckon(name, Number(left), right)),
  celFunc(name, [DOUBLE, INT], DOUBLE, (left, right) => reckon(name, left, Number(right))),
]);

function reckon(operator: '_+_' | '_-_' | '_*_' | '_/_', left: number, right: number): number {
  switch (operator) {
    case '_+_':
      return left + right;
    case '_-_':
      return left - right;
    case '_*_':
      return left * right;
    case '_/_':
      return left / right;
  }
}

const ranges = celFunc(rangeCall, [DYN], DYN, (range) => {
  if (isCelList(range) || isCelMap(range)) {
    withinElements(range.size);
    spend(range.size);
  }
  return range;
});

const turns = celFunc(turnCall, [DYN, INT], DYN, (goesOn, steps) => {
  spend(Number(steps));
  return goesOn;
});

/**
 * An environment whose calls are counted.
 * @param options what `celEnv` takes
 */
export function meteredEnvironment(options: Parameters<typeof celEnv>[0] = {}): CelEnv {
  const base = celEnv({ ...options, funcs: [...mixed, ranges, turns] });
  const groups = new Map<string, FuncGroup>();
  const find = (name: string): FuncGroup | undefined => {
    const found = base.funcs.find(name) as FuncGroup | undefined;
    if (found && !groups.has(name)) {
      groups.set(name, {
        call(id, target, args) {
          charge(name, target === undefined ? args : [target, ...args]);
          const result = found.call(id, target, args);
          return name === '_+_' ? withinBounds(result) : result;
        },
      });
    }
    return groups.get(name);
  };
  // The planner only asks for functions by name; everything else stays as it is.
  return Object.create(base, { funcs: { value: { find } } }) as CelEnv;
}

/** What a call costs by what it is given. */
function charge(name: string, values: readonly Value[]): void {
  spend(1);
  const [first, second] = values;
  for (const value of values) {
    spend(typeof value === 'string' ? value.length >> 6 : 0);
  }
  if (name === '_==_' || name === '_!=_') {
    weigh(first);
  } else if (name === '@in' || name === '_in_') {
    weigh(second);
  } else if (name.startsWith('get') && values.length > 1) {
    // A time in a named zone.
    spend(200);
  } else if (typeof first === 'string' && typeof second === 'string') {
    chargeSearch(name, first, second);
  }
}

function chargeSearch(name: string, text: string, sought: string): void {
  if (name === 'matches') {
    chargeMatch(text, sought);
  } else if (name === 'contains') {
    spend(Math.ceil((text.length * sought.length) / 4_096));
  }
}

/** RE2 is linear in the text; what takes it long is reading a pattern that repeats large classes. */
function chargeMatch(text: string, pattern: string): void {
  if (pattern.length > maxPattern) {
    throw stopped(`matches a pattern of more than ${maxPattern} characters`);
  }
  let repeated = 1;
  let groups = 1;
  for (const [, before, least, most] of pattern.matchAll(/(.)\{(\d+),?(\d*)\}/gu)) {
    const times = Math.max(Number(least), Number(most));
    if (before === ')') {
      groups *= Math.max(times, 1);
    } else {
      repeated += times;
    }
  }
  const classes = pattern.match(/\\[pP]|\(\?|\[\^/gu)?.length ?? 0;
  spend(text.length + (pattern.length * 4 + classes * 500) * repeated * groups);
}

/** One step for each part of a value: comparing walks all of them, and the same part may stand there often. */
function weigh(value: Value | undefined): void {
  spend(1);
  if (isCelList(value)) {
    for (const element of value) {
      weigh(element);
    }
  } else if (isCelMap(value)) {
    for (const element of value.values()) {
      weigh(element);
    }
  } else if (typeof value === 'string') {
    spend(value.length >> 6);
  }
}

function withinBounds(value: Value | undefined): Value | undefined {
  if (typeof value === 'string' && value.length > maxText) {
    throw stopped(`puts together a text of more than ${maxText} characters`);
  }
  if (isCelList(value)) {
    withinElements(value.size);
    spend(value.size >> 3);
  }
  return value;
}

function withinElements(size: number): void {
  if (size > maxElements) {
    throw stopped(`works on a list of more than ${maxElements} elements`);
  }
}

/** The end of an evaluation, also where CEL's logic goes on without the part that failed. */
function stopped(reason: string): CelCostError {
  left = -1;
  why = reason;
  return new CelCostError(reason);
}
