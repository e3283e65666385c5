// A definition tried out: a story of events and of time that passes, and what each step comes to. Nothing is written.
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import { toJson, type Json } from '../json.ts';
import type { MachineEventInput, MachineStatus, NotAccepted, StateValue, Step, Surroundings } from '../kernel.ts';
import { acceptedBy, restore } from '../restore.ts';
import { chartOf } from '../chart.ts';
import { verdicts, type Verdict } from '../verdicts.ts';
import { begin, eventOfTimer, isMoved, ring, send, settle, type Replica } from './replica.ts';

/** What happens in a simulation: time passes, then an event comes or a child ends, or neither. */
export interface StoryEvent {
  readonly afterMs?: number | undefined;
  readonly event?: MachineEventInput | undefined;
  readonly child?: { readonly id: string; readonly output?: Json; readonly error?: Json | undefined } | undefined;
  /** Who sends it; otherwise the story's. */
  readonly actor?: string | undefined;
}

export interface Story {
  readonly id?: string | undefined;
  readonly input?: Json | undefined;
  readonly now: Date;
  readonly actor: string;
  readonly events: readonly StoryEvent[];
}

interface NamedTimer {
  readonly name: string;
  readonly dueAt: Date;
}

/** What one thing that happened came to. Where it was not accepted, everything is as before. */
export interface SimulatedStep {
  readonly cause: 'start' | 'event' | 'timer' | 'child';
  readonly event: MachineEventInput;
  readonly at: Date;
  readonly accepted: boolean;
  /** Events the machine has transitions for where it stands then. */
  readonly accepts: readonly string[];
  /** What each guard said before it. */
  readonly verdicts: readonly Verdict[];
  readonly value: StateValue;
  readonly status: MachineStatus;
  readonly context: Json;
  readonly tags: readonly string[];
  readonly output: Json;
  readonly effects: Step['effects'];
  readonly spawns: Step['spawns'];
  readonly sends: Step['sends'];
  readonly armed: readonly NamedTimer[];
  /** Names of timers it waits for no longer. */
  readonly dropped: readonly string[];
  readonly waiting: readonly NamedTimer[];
  /** Why it could not be taken, where the chart failed or the event is not as declared. */
  readonly problem: string | null;
}

/** A story told. `truncated`: it was not told to its end, because it took too many steps or too long. */
export interface Simulation {
  readonly steps: readonly SimulatedStep[];
  readonly truncated: boolean;
}

const most = { steps: 500, ms: 2_000 } as const;

/**
 * Tells a story, thing by thing: whoever asks for the next one says when. Who may send what is not asked. Never throws for
 * what a definition does.
 */
export function simulate(definition: MachineDefinition, story: Story): Generator<undefined, Simulation> {
  return new Telling(definition, story).told();
}

class Telling {
  private readonly definition: MachineDefinition;
  private readonly story: Story;
  private readonly steps: SimulatedStep[] = [];
  private readonly endAt = performance.now() + most.ms;
  private at: Date;
  private replica: Replica | null = null;
  private truncated = false;

  constructor(definition: MachineDefinition, story: Story) {
    this.definition = definition;
    this.story = story;
    this.at = story.now;
  }

  *told(): Generator<undefined, Simulation> {
    this.begin();
    for (const happening of this.story.events) {
      if (this.replica && !this.truncated) {
        yield* this.pass(new Date(this.at.getTime() + (happening.afterMs ?? 0)));
        yield;
        this.happen(happening);
      }
    }
    return { steps: this.steps, truncated: this.truncated };
  }

  private begin(): void {
    const { id = 'simulated', input = {} } = this.story;
    const parsed = this.definition.input.safeParse(input);
    const event = { type: 'created' };
    if (!parsed.success) {
      this.steps.push(this.unborn(event, `The input does not fit: ${parsed.error.message}`));
      return;
    }
    this.note('start', event, null, () =>
      begin(this.definition, id, toJson(parsed.data, 'The input'), this.around(this.story.actor)),
    );
  }

  /** Lets time go on, and timers go off that are due until then. */
  private *pass(until: Date): Generator<undefined, void> {
    for (let next = this.replica?.timers[0]; next && next.dueAt <= until; next = this.replica?.timers[0]) {
      yield;
      const timer = next;
      this.at = timer.dueAt > this.at ? timer.dueAt : this.at;
      const all = this.replica as Replica;
      // One that fails is not waited for, either.
      const before = { ...all, timers: all.timers.filter((other) => other !== timer) };
      this.replica = before;
      this.note('timer', eventOfTimer(timer), before, () =>
        ring(this.definition, before, timer, this.around('system')),
      );
      if (this.truncated) {
        return;
      }
    }
    this.at = until;
  }

  private happen({ event, child, actor = this.story.actor }: StoryEvent): void {
    const before = this.replica as Replica;
    const around = this.around(child ? 'system' : actor);
    if (event) {
      const problem = this.undeclared(event);
      const said = this.verdictsOn(before, event, around);
      this.note(
        'event',
        event,
        before,
        () => {
          if (problem !== null) {
            throw new MachineFault(problem);
          }
          return send(this.definition, before, event, around);
        },
        said,
      );
    } else if (child) {
      const type = `${child.error === undefined ? 'done' : 'error'}.${child.id}`;
      this.note('child', { type }, before, () => {
        const settled = settle(this.definition, before, child, around);
        return settled ?? { accepted: false, accepts: this.acceptsOf(before) };
      });
    }
  }

  private around(actor: string): Surroundings {
    return { now: this.at, actor };
  }

  private undeclared({ type, ...payload }: MachineEventInput): string | null {
    const { events } = this.definition;
    const declared = Object.hasOwn(events, type) ? events[type] : undefined;
    if (!declared) {
      return `${type} is not an event the machine takes from outside`;
    }
    const parsed = declared.payload.safeParse(payload);
    return parsed.success ? null : `The payload of ${type} does not fit: ${parsed.error.message}`;
  }

  private verdictsOn(before: Replica, event: MachineEventInput, around: Surroundings): readonly Verdict[] {
    try {
      return verdicts(this.definition, before.last.snapshot, event, around);
    } catch {
      // The step itself says why.
      return [];
    }
  }

  private note(
    cause: SimulatedStep['cause'],
    event: MachineEventInput,
    before: Replica | null,
    take: () => Replica | NotAccepted,
    said: readonly Verdict[] = [],
  ): void {
    let problem: string | null = null;
    let taken: Replica | null = null;
    try {
      const outcome = take();
      taken = isMoved(outcome) && outcome.steps !== before?.steps ? outcome : null;
    } catch (error) {
      if (!(error instanceof MachineFault)) {
        throw error;
      }
      problem = error.message;
    }
    this.replica = taken ?? this.replica;
    if (!this.replica) {
      this.steps.push(this.unborn(event, problem));
      return;
    }
    this.steps.push(this.stepOf({ cause, event, verdicts: said, problem }, before, taken, this.replica));
    this.truncated ||= this.steps.length >= most.steps || performance.now() > this.endAt;
  }

  private stepOf(
    about: Pick<SimulatedStep, 'cause' | 'event' | 'verdicts' | 'problem'>,
    before: Replica | null,
    taken: Replica | null,
    now: Replica,
  ): SimulatedStep {
    const { value, status, context, tags, output } = now.last;
    const earlier = before?.timers ?? [];
    const named = (timers: Replica['timers']): NamedTimer[] => timers.map(({ name, dueAt }) => ({ name, dueAt }));
    return {
      ...about,
      at: this.at,
      accepted: taken !== null,
      accepts: this.acceptsOf(now),
      value,
      status,
      context,
      tags,
      output,
      effects: taken?.last.effects ?? [],
      spawns: taken?.last.spawns ?? [],
      sends: taken?.last.sends ?? [],
      armed: named(now.timers.filter((timer) => !earlier.includes(timer))),
      dropped: earlier.filter((timer) => !now.timers.includes(timer)).map(({ name }) => name),
      waiting: named(now.timers),
    };
  }

  private acceptsOf({ last }: Replica): string[] {
    return acceptedBy(this.definition, restore(chartOf(this.definition), last.snapshot));
  }

  private unborn(event: MachineEventInput, problem: string | null): SimulatedStep {
    const nowhere = { value: '', status: 'error', context: null, tags: [], output: null } as const;
    const nothing = {
      effects: [],
      spawns: [],
      sends: [],
      armed: [],
      dropped: [],
      waiting: [],
      accepts: [],
      verdicts: [],
    };
    return { cause: 'start', event, at: this.at, accepted: false, ...nowhere, ...nothing, problem };
  }
}
