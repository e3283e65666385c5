// Verifies the machines of a whole database while it runs: every chain of steps, that it ends where its machine stands,
// and that the timers a machine waits for are those that will go off. Called by src/machines-verify.ts.
import { limits } from '#config/limits.ts';
import { ChainCheck } from './chain.ts';
import { MachineInstances, Timers, Transitions, type MachineInstance, type Timer, type Transition } from './store.ts';

/** A machine that is not as it must be: a sentence for each thing that is wrong. */
export interface BrokenMachine {
  readonly instance: string;
  readonly problems: readonly string[];
}

/** How far a verification is. */
export interface VerifyFigures {
  machines: number;
  steps: number;
  timers: number;
  broken: number;
}

/** What is told while it is under way. */
export interface VerifyReport {
  onBroken(machine: BrokenMachine): void;
  onProgress(figures: Readonly<VerifyFigures>): void;
}

const pageSize = 200;
/** Steps that are read by one query. */
const stepsAPage = 1_000;
/** Armed timers of one machine that are looked at. */
const mostTimers = 10_000;
const streamed = { maxTimeMS: limits.mongoStreamMs };
const standing = { seq: 1, lastHash: 1, timers: 1, rev: 1 } as const;
type Standing = Pick<MachineInstance, '_id' | 'seq' | 'lastHash' | 'timers' | 'rev'>;
/** A machine that moves on while it is looked at is looked at again, so often. */
const looks = 5;

/**
 * Reads every machine, step and armed timer once, in pages: its memory does not grow with them. What looks broken is
 * looked at again by itself, because machines may move meanwhile.
 */
export async function verifyMachines(report: VerifyReport): Promise<VerifyFigures> {
  const figures: VerifyFigures = { machines: 0, steps: 0, timers: 0, broken: 0 };
  const named = new Set<string>();
  const judged = async (suspects: ReadonlySet<string>): Promise<void> => {
    for (const instance of [...suspects].filter((suspect) => !named.has(suspect))) {
      const problems = await problemsOf(instance);
      if (problems.length > 0) {
        named.add(instance);
        figures.broken = named.size;
        report.onBroken({ instance, problems });
      }
    }
  };
  for (let after = ''; ;) {
    const page = await MachineInstances.native()
      .find({ _id: { $gt: after } }, streamed)
      .project<Standing>(standing)
      .sort({ _id: 1 })
      .limit(pageSize)
      .toArray();
    const last = page.length < pageSize ? undefined : page.at(-1)?._id;
    await judged(await suspectsIn(page, { $gt: after, ...(last === undefined ? {} : { $lte: last }) }, figures));
    figures.machines += page.length;
    report.onProgress(figures);
    if (last === undefined) {
      break;
    }
    after = last;
  }
  await judged(await strayTimers(figures));
  report.onProgress(figures);
  return figures;
}

/** Machines of a page whose steps or timers do not fit, and others in the same range that have steps. */
async function suspectsIn(page: readonly Standing[], range: object, figures: VerifyFigures): Promise<Set<string>> {
  const chains = new Map(page.map((machine) => [machine._id, { machine, check: new ChainCheck() }]));
  const suspects = new Set<string>();
  for await (const step of stepsIn(range)) {
    figures.steps += 1;
    const chain = chains.get(step.instance);
    if (!chain) {
      suspects.add(step.instance);
    } else if (step.seq <= chain.machine.seq) {
      chain.check.see(step);
    }
  }
  chains.forEach(({ machine, check }, id) => check.verdict(machine).chain === 'broken' && suspects.add(id));
  const armed = await armedOf(page);
  page.forEach((machine) => timersApart(machine, armed).length > 0 && suspects.add(machine._id));
  return suspects;
}

/**
 * The steps of a range of machines in their order, each page a query of its own: the time that one may take is not for all
 * the steps of a machine that has very many.
 */
async function* stepsIn(range: object): AsyncGenerator<Transition> {
  for (let last: Transition | undefined, isFull = true; isFull;) {
    const behind = last
      ? { $or: [{ instance: last.instance, seq: { $gt: last.seq } }, { instance: { ...range, $gt: last.instance } }] }
      : { instance: range };
    let read = 0;
    // Streamed, because each step holds a whole context.
    for await (const step of Transitions.native()
      .find(behind, streamed)
      .sort({ instance: 1, seq: 1 })
      .limit(stepsAPage)) {
      yield step;
      last = step;
      read += 1;
    }
    isFull = read === stepsAPage;
  }
}

async function armedOf(page: readonly Standing[]): Promise<Timer[]> {
  const ids = page.flatMap(({ timers }) => timers.map(({ id }) => id));
  return ids.length === 0
    ? []
    : await Timers.native()
        .find({ _id: { $in: ids }, state: 'armed' }, streamed)
        .toArray();
}

/** The timers a machine waits for that will not go off when it believes. */
function timersApart(machine: Standing, armed: readonly Timer[]): string[] {
  const known = new Map(armed.map((timer) => [timer._id, timer]));
  return machine.timers
    .filter(({ id, dueAt }) => {
      const row = known.get(id);
      return row?.instance !== machine._id || row.dueAt.getTime() !== dueAt.getTime();
    })
    .map(({ id }) => id);
}

/** Machines, or ids of none, with armed timers that they do not wait for. Each is named once. */
async function strayTimers(figures: VerifyFigures): Promise<Set<string>> {
  const suspects = new Set<string>();
  const look = async (page: readonly Timer[]): Promise<void> => {
    const machines = await MachineInstances.native()
      .find({ _id: { $in: [...new Set(page.map(({ instance }) => instance))] } }, streamed)
      .project<Standing>(standing)
      .toArray();
    const awaited = new Set(machines.flatMap(({ timers }) => timers.map(({ id }) => id)));
    page.filter(({ _id }) => !awaited.has(_id)).forEach(({ instance }) => suspects.add(instance));
    figures.timers += page.length;
  };
  let page: Timer[] = [];
  for await (const timer of Timers.native().find({ state: 'armed' }, streamed).sort({ shard: 1, dueAt: 1, _id: 1 })) {
    page.push(timer);
    if (page.length === pageSize) {
      await look(page.splice(0));
    }
  }
  await look(page);
  return suspects;
}

/** What is wrong with one machine, judged while it stands still. */
async function problemsOf(_id: string): Promise<string[]> {
  for (let tries = 1; ; tries += 1) {
    const machine = await machineOf(_id);
    const problems = machine ? await problemsWith(machine) : await leftovers(_id);
    const still = (await machineOf(_id))?.rev === machine?.rev;
    if (still || problems.length === 0) {
      return problems;
    }
    if (tries === looks && machine) {
      // Its steps of then are as they were; what it waits for changed each time.
      return await chainProblems(machine);
    }
  }
}

async function machineOf(_id: string): Promise<Standing | null> {
  return await MachineInstances.native().findOne<Standing>({ _id }, { ...streamed, projection: standing });
}

async function problemsWith(machine: Standing): Promise<string[]> {
  const armed = await armedTimersOf(machine._id);
  const awaited = new Set(machine.timers.map(({ id }) => id));
  return [
    ...(await chainProblems(machine)),
    ...timersApart(machine, armed).map((id) => `it waits for the timer ${id}, which will not go off then`),
    ...armed.filter((timer) => !awaited.has(timer._id)).map((timer) => `the timer ${timer._id} is armed for nothing`),
  ];
}

async function chainProblems(machine: Standing): Promise<string[]> {
  const check = new ChainCheck();
  let last: number | undefined;
  for await (const step of stepsIn({ $gte: machine._id, $lte: machine._id })) {
    if (step.seq > machine.seq) {
      break;
    }
    last = step.seq;
    if (!check.see(step)) {
      return [`step ${step.seq} was altered or does not follow the one before`];
    }
  }
  return check.verdict(machine).chain === 'intact'
    ? []
    : [
        last === machine.seq
          ? `it stands at step ${machine.seq} of another history`
          : `it stands at step ${machine.seq}, its steps end at ${last ?? 'none'}`,
      ];
}

async function leftovers(instance: string): Promise<string[]> {
  const step = await Transitions.native().findOne({ instance }, streamed);
  const [timer] = await armedTimersOf(instance);
  return [
    ...(step ? ['there are steps of it, but no such machine'] : []),
    ...(timer ? ['there are armed timers of it, but no such machine'] : []),
  ];
}

/** Their ids begin with the instance's, so that an index has them. */
async function armedTimersOf(instance: string): Promise<Timer[]> {
  return await Timers.native()
    .find({ _id: { $gte: `${instance}-`, $lt: `${instance}.` }, instance, state: 'armed' }, streamed)
    .limit(mostTimers)
    .toArray();
}
