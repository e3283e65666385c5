// The actions of one step, from XState's words to ours: effects, timers, and what goes to and from children.
import type { AnyMachineSnapshot } from 'xstate';
import type { Chart } from './chart.ts';
import { childrenOf, generationsOf, type Child } from './children.ts';
import { MachineFault } from './fault.ts';
import { toJson, type Json } from './json.ts';
import type {
  ChildRef,
  Effect,
  MachineEventInput,
  Send,
  SendTarget,
  Spawn,
  Step,
  TimerDraft,
  Trigger,
} from './step.ts';

/** An action as XState hands it over instead of carrying it out. */
export type Action = Parameters<Chart['scope']['actionExecutor']>[0];

const maxDelayMs = 100 * 365 * 86_400_000;

/** True for event types that only the kernel makes, or that mean something else to XState. */
export function isReserved(type: string): boolean {
  return type === '' || type === '*' || /^@?xstate\./u.test(type);
}

type Lists = Pick<Step, 'effects' | 'timers' | 'cancels' | 'spawns' | 'sends' | 'stops'>;

/** What a step leaves to be done, and the children there are after it. */
export interface Outcome {
  readonly lists: Lists;
  readonly children: readonly Child[];
  readonly generations: ReadonlyMap<string, number>;
}

/** Sorts the actions of a step, in their order. Throws MachineFault on what the kernel cannot carry out. */
export function outcomeOf(
  chart: Chart,
  before: Json | null,
  after: AnyMachineSnapshot,
  actions: readonly Action[],
  now: Date,
): Outcome {
  const fold = new Fold(chart, before, now);
  // An entry action may speak to a child that the same state begins after it.
  actions.filter(({ type }) => type === 'xstate.spawnChild').forEach((action) => fold.meet(action));
  for (const action of actions) {
    fold.take(action);
  }
  return { lists: fold.lists(), children: fold.childrenIn(after), generations: fold.generations };
}

interface SpawnParams {
  /** The stand-in XState made; it knows the id, which may have been computed. */
  readonly actorRef?: { readonly id: string };
  readonly id?: unknown;
  readonly src: unknown;
  readonly input: unknown;
}

interface SendParams {
  readonly to: unknown;
  readonly event: { readonly type: string };
  readonly id: string | undefined;
  readonly delay: unknown;
}

type RaiseParams = Omit<SendParams, 'to'>;

/** Somebody an action speaks of: a child of the stored snapshot, or what XState made for one this step begins. */
interface Being {
  readonly id: string;
}

class Fold {
  readonly generations: Map<string, number>;
  private readonly chart: Chart;
  private readonly now: Date;
  private readonly effects: Effect[] = [];
  private readonly cancels = new Set<string>();
  /** Who the step begins, by what XState made for them. */
  private readonly met = new Map<unknown, Spawn>();
  private readonly begun = new Map<unknown, Spawn>();
  /** Who bears a name now. */
  private readonly alive: Map<string, Child>;
  private readonly ended: ChildRef[] = [];
  private timers: TimerDraft[] = [];
  private sends: Send[] = [];

  constructor(chart: Chart, before: Json | null, now: Date) {
    this.chart = chart;
    this.now = now;
    this.generations = before === null ? new Map() : generationsOf(before);
    this.alive = new Map(before === null ? [] : childrenOf(before).map((child) => [child.id, child]));
  }

  lists(): Lists {
    const { effects, timers, sends } = this;
    return {
      effects,
      timers,
      cancels: [...this.cancels],
      spawns: [...this.begun.values()],
      sends,
      stops: this.ended,
    };
  }

  /** The children of the snapshot after the step. */
  childrenIn(after: AnyMachineSnapshot): Child[] {
    return Object.values(after.children as Record<string, Being>).map((being) => {
      const child = this.childOf(being);
      if (!child) {
        throw new MachineFault('A child was begun inside an assign; use spawnChild');
      }
      return child;
    });
  }

  take({ type, params }: Action): void {
    switch (type) {
      case 'xstate.cancel':
        this.cancel(sendIdOf(this.chart, (params as unknown as { sendId: string }).sendId));
        break;
      case 'xstate.raise':
        this.raise(params as unknown as RaiseParams);
        break;
      case 'xstate.sendTo':
        this.send(params as unknown as SendParams);
        break;
      case 'xstate.spawnChild':
        this.spawn(params as unknown as SpawnParams);
        break;
      case 'xstate.stopChild':
        this.stop(params as unknown as Being | undefined);
        break;
      default:
        this.effects.push(this.effectOf(type, params));
    }
  }

  private effectOf(type: string, params: Action['params']): Effect {
    if (type === 'xstate.emit') {
      const { type: name, ...data } = (params as unknown as { event: { type: string } }).event;
      return { name: 'emit', params: toJson({ type: name, data }, 'The emitted event') };
    }
    if (type === 'xstate.log') {
      return { name: 'log', params: toJson(params ?? {}, 'The params of log') };
    }
    if (!Object.hasOwn(this.chart.machine.implementations.actions, type)) {
      throw new MachineFault(`The action ${type} is not one the chart declares`);
    }
    return { name: type, params: toJson(params ?? {}, `The params of ${type}`) };
  }

  private cancel(sendId: string): void {
    this.cancels.add(sendId);
    this.timers = this.timers.filter((timer) => timer.sendId !== sendId);
  }

  private raise({ event, id, delay }: RaiseParams): void {
    const after = this.chart.afters.get(event.type);
    // XState has taken a raise without a delay already.
    if (delay !== undefined || after) {
      const trigger: Trigger = after ?? { kind: 'raise', event: eventOf(event) };
      this.arm(trigger, id === undefined ? null : sendIdOf(this.chart, id), delay);
    }
  }

  private send({ to, event, id, delay }: SendParams): void {
    const sent = eventOf(event);
    if (to === this.chart.scope.self) {
      // Not a raise: whatever is under way comes first.
      this.arm({ kind: 'raise', event: sent }, id ?? null, delay ?? 0);
      return;
    }
    const target = this.targetOf(to);
    if (target === null) {
      return;
    }
    if (delay === undefined) {
      this.sends.push({ to: target, event: sent });
    } else {
      this.arm({ kind: 'send', to: target, event: sent }, id ?? null, delay);
    }
  }

  /** Null where the child has come to its end: nobody is there to hear it. */
  private targetOf(to: unknown): SendTarget | null {
    const { _parent: parent } = this.chart.scope.self as { readonly _parent?: unknown };
    if (to === parent) {
      return 'parent';
    }
    const child = typeof to === 'object' && to !== null ? this.childOf(to as Being) : undefined;
    if (!child) {
      throw new MachineFault('An event is sent to a child that there is not');
    }
    return child.ended ? null : { id: child.id, generation: child.generation };
  }

  private arm(trigger: Trigger, sendId: string | null, delay: unknown): void {
    if (typeof delay !== 'number' || !(delay >= 0 && delay <= maxDelayMs)) {
      const what = sendId ?? ('event' in trigger ? trigger.event.type : trigger.state);
      throw new MachineFault(`The delay of ${what} is not a number of milliseconds up to a hundred years`);
    }
    this.timers = this.timers.filter((timer) => sendId === null || timer.sendId !== sendId);
    this.timers.push({ sendId, trigger, delayMs: delay, dueAt: new Date(this.now.getTime() + delay) });
  }

  /** Gives a child the step begins its generation. */
  meet({ params }: Action): void {
    const { actorRef, id: written, src, input } = params as unknown as SpawnParams;
    const id = actorRef?.id;
    if (typeof src !== 'string' || id === undefined || written === undefined || written === '') {
      throw new MachineFault('A child is begun without a name or an id; name what it is and which it is');
    }
    const generation = (this.generations.get(id) ?? 0) + 1;
    this.generations.set(id, generation);
    const invoked = this.chart.invokes.has(id);
    this.met.set(actorRef, { id, generation, src, input: toJson(input ?? null, `The input of ${id}`), invoked });
  }

  private spawn({ actorRef }: SpawnParams): void {
    const spawn = this.met.get(actorRef) as Spawn;
    // One of the same name that nobody stopped would go on with nobody to hear it.
    this.end(this.alive.get(spawn.id));
    this.begun.set(actorRef, spawn);
    this.alive.set(spawn.id, childOfSpawn(spawn));
  }

  private stop(being: Being | undefined): void {
    this.end(being && this.childOf(being));
  }

  private end(child: Child | undefined): void {
    if (!child) {
      return;
    }
    const same = ({ id, generation }: ChildRef): boolean => id === child.id && generation === child.generation;
    const bearer = this.alive.get(child.id);
    if (bearer && same(bearer)) {
      this.alive.delete(child.id);
    }
    const [ref] = [...this.begun].find(([, spawn]) => same(spawn)) ?? [];
    if (ref !== undefined) {
      // Begun and ended in one step: it never was, and neither was what it would have been told.
      this.begun.delete(ref);
      const toOthers = ({ to }: Send): boolean => to === 'parent' || !same(to);
      this.sends = this.sends.filter(toOthers);
      this.timers = this.timers.filter(({ trigger }) => trigger.kind !== 'send' || toOthers(trigger));
    } else if (!child.ended) {
      this.ended.push({ id: child.id, generation: child.generation });
    }
  }

  private childOf(being: Being): Child | undefined {
    const met = this.met.get(being);
    if (met) {
      return childOfSpawn(met);
    }
    return 'generation' in being ? (being as Child) : undefined;
  }
}

function childOfSpawn({ input: _input, ...child }: Spawn): Child {
  return { ...child, ended: false };
}

function eventOf(event: { readonly type: string }): MachineEventInput {
  const json = toJson(event, `The event ${event.type}`) as unknown as MachineEventInput;
  if (isReserved(json.type)) {
    throw new MachineFault(`Events of the type ${json.type || '(empty)'} cannot be sent`);
  }
  return json;
}

/** Our name for what XState knows as a send id. */
function sendIdOf(chart: Chart, id: string): string {
  const after = chart.afters.get(id);
  return after ? `after.${after.delay}.${after.state}` : id;
}
