// Writes of ventures and their teams. They touch only their own document, so requests do them directly.
import { defineCommand, insert, put, type Command, type Reader } from '#src/platform/commands/command.ts';
import type { Decision, EventDraft, State } from '#src/platform/commands/command.ts';
import { AppError, problems } from '#src/platform/errors.ts';
import { ventureProblems } from './venture.errors.ts';
import {
  memberLeft,
  roleChanged,
  ventureArchived,
  ventureCreated,
  ventureRestored,
  ventureUpdated,
} from './venture.events.ts';
import { Ventures, type Venture, type VentureRole } from './venture.model.ts';
import { canManage, hasRole, isVisibleTo, placeOf, type Actor } from './venture.policy.ts';
import { presentVenture } from './venture.presenter.ts';
import {
  createVenture,
  leaveInput,
  roleInput,
  stateInput,
  updateInput,
  type LeaveInput,
  type RoleInput,
  type StateInput,
  type UpdateInput,
} from './venture.schema.ts';

/** A command on one venture. */
interface OnVenture {
  readonly id: string;
  readonly mayAll: boolean;
}

/** Who a command acts as. */
export const actorOf = ({ actor: userId, input: { mayAll } }: Command<OnVenture>): Actor => ({ userId, mayAll });

/** The form of a name that search compares. */
export function nameKeyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** Reads the ventures that commands name. */
export async function loadVentures(commands: readonly Command<OnVenture>[], reader: Reader): Promise<void> {
  await reader.read(
    Ventures,
    commands.map(({ input }) => input.id),
  );
}

/** The venture of a command whose actor has at least this role there, or why not. */
export function ventureFor(state: State, command: Command<OnVenture>, least: VentureRole): Venture | AppError {
  const { id } = command.input;
  return ventureAs(state.get(Ventures, id) ?? null, id, actorOf(command), least);
}

/** The venture where the actor knows of it and has at least this role there, or why not. */
export function ventureAs(venture: Venture | null, id: string, actor: Actor, least: VentureRole): Venture | AppError {
  if (!venture || !isVisibleTo(venture, actor)) {
    return ventureProblems.notFound(`There is no venture ${id}`);
  }
  return hasRole(venture, actor, least) ? venture : ventureProblems.roleTooLow(`This needs the role ${least}`);
}

/** The same where the venture may be changed. */
export function activeVentureFor(state: State, command: Command<OnVenture>, least: VentureRole): Venture | AppError {
  const venture = ventureFor(state, command, least);
  return !(venture instanceof AppError) && venture.state === 'archived' ? ventureProblems.archived() : venture;
}

/** The feeds of a venture and of the people named. */
export const audienceOf = (venture: Pick<Venture, '_id'>, ...people: readonly string[]): string[] => [
  `venture.${venture._id}`,
  ...people.map((id) => `user.${id}`),
];

/** The venture changed, as a decision that answers with it. */
export function changed(
  venture: Venture,
  changes: Partial<Venture>,
  now: Date,
  events: readonly EventDraft[],
): Decision {
  const after: Venture = { ...venture, ...changes, updatedAt: now, rev: venture.rev + 1 };
  return { writes: [put(Ventures, after)], events, result: presentVenture(after) };
}

const refusals = [ventureProblems.notFound, ventureProblems.roleTooLow, ventureProblems.archived];

/** Begins a venture; whoever asks owns it. */
export const beginVenture = defineCommand({
  kind: 'venture.venture.create',
  pool: 'direct',
  input: createVenture,
  key: ({ name }) => `venture.${nameKeyOf(name)}`,
  load: async () => await Promise.resolve(),
  decide: (_state, { id, actor, input }, now) => {
    const venture: Venture = {
      _id: id,
      name: input.name,
      nameKey: nameKeyOf(input.name),
      description: input.description ?? '',
      stage: input.stage ?? 'idea',
      industry: input.industry ?? null,
      website: input.website ?? null,
      visibility: input.visibility ?? 'community',
      state: 'active',
      team: [{ userId: actor, role: 'owner', joinedAt: now }],
      createdAt: now,
      updatedAt: now,
      rev: 0,
    };
    const event = ventureCreated.draft({
      subject: `venture.${id}`,
      audience: audienceOf(venture, actor),
      data: { ventureId: id, name: venture.name, userId: actor },
    });
    return { writes: [insert(Ventures, venture)], events: [event], result: presentVenture(venture) };
  },
});

/** Changes what people read of a venture. Codes: venture.not-found, .role-too-low, .archived, request.precondition-failed. */
export const changeVenture = defineCommand<UpdateInput>({
  kind: 'venture.venture.update',
  pool: 'direct',
  input: updateInput,
  problems: [...refusals, problems.preconditionFailed],
  key: ({ id }) => `venture.${id}`,
  load: loadVentures,
  decide: (state, command, now) => {
    const venture = activeVentureFor(state, command, 'admin');
    if (venture instanceof AppError) {
      return venture;
    }
    const { changes, expectVersion } = command.input;
    if (expectVersion !== venture.rev) {
      return problems.preconditionFailed(`It has the version ${venture.rev} now`);
    }
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const name = changes.name ?? venture.name;
    const event = ventureUpdated.draft({
      subject: `venture.${venture._id}`,
      audience: audienceOf(venture),
      data: { ventureId: venture._id, members: Object.keys(given) },
    });
    return changed(venture, { ...given, nameKey: nameKeyOf(name) }, now, [event]);
  },
});

/** Archives a venture, or takes it up again; again is nothing new. Codes: venture.not-found, .role-too-low. */
export const setVentureState = defineCommand<StateInput>({
  kind: 'venture.venture.set-state',
  pool: 'direct',
  input: stateInput,
  problems: [ventureProblems.notFound, ventureProblems.roleTooLow],
  key: ({ id }) => `venture.${id}`,
  load: loadVentures,
  decide: (current, command, now) => {
    const venture = ventureFor(current, command, 'owner');
    if (venture instanceof AppError) {
      return venture;
    }
    const { state } = command.input;
    if (venture.state === state) {
      return { result: presentVenture(venture) };
    }
    const event = (state === 'archived' ? ventureArchived : ventureRestored).draft({
      subject: `venture.${venture._id}`,
      audience: audienceOf(venture),
      data: { ventureId: venture._id },
    });
    return changed(venture, { state }, now, [event]);
  },
});

/** Gives somebody of the team another role. Codes: venture.not-found, .role-too-low, .archived, .not-in-team, .owner-stays. */
export const changeTeamRole = defineCommand<RoleInput>({
  kind: 'venture.team.set-role',
  pool: 'direct',
  input: roleInput,
  problems: [...refusals, ventureProblems.notInTeam, ventureProblems.ownerStays],
  key: ({ id }) => `venture.${id}`,
  load: loadVentures,
  decide: (state, command, now) => {
    const venture = activeVentureFor(state, command, 'admin');
    if (venture instanceof AppError) {
      return venture;
    }
    const { userId, role } = command.input;
    const place = placeOf(venture, userId);
    if (!place) {
      return ventureProblems.notInTeam();
    }
    if (place.role === 'owner') {
      return ventureProblems.ownerStays();
    }
    const actor = actorOf(command);
    if (!canManage(venture, actor, place.role) || !canManage(venture, actor, role)) {
      return ventureProblems.roleTooLow();
    }
    const team = venture.team.map((each) => (each.userId === userId ? { ...each, role } : each));
    const event = roleChanged.draft({
      subject: `venture.${venture._id}`,
      audience: audienceOf(venture, userId),
      data: { ventureId: venture._id, userId, role },
    });
    return changed(venture, { team }, now, [event]);
  },
});

/** Takes somebody out of the team, or oneself. Codes: venture.not-found, .role-too-low, .not-in-team, .owner-stays. */
export const leaveTeam = defineCommand<LeaveInput>({
  kind: 'venture.team.leave',
  pool: 'direct',
  input: leaveInput,
  problems: [
    ventureProblems.notFound,
    ventureProblems.roleTooLow,
    ventureProblems.notInTeam,
    ventureProblems.ownerStays,
  ],
  key: ({ id }) => `venture.${id}`,
  load: loadVentures,
  decide: (state, command, now) => {
    const { userId } = command.input;
    const oneself = userId === command.actor;
    const venture = ventureFor(state, command, oneself ? 'viewer' : 'admin');
    if (venture instanceof AppError) {
      return venture;
    }
    const place = placeOf(venture, userId);
    if (!place) {
      return ventureProblems.notInTeam();
    }
    if (place.role === 'owner') {
      return ventureProblems.ownerStays();
    }
    if (!oneself && !canManage(venture, actorOf(command), place.role)) {
      return ventureProblems.roleTooLow();
    }
    const event = memberLeft.draft({
      subject: `venture.${venture._id}`,
      audience: audienceOf(venture, userId),
      data: { ventureId: venture._id, userId },
    });
    return changed(venture, { team: venture.team.filter((each) => each.userId !== userId) }, now, [event]);
  },
});

/** Every command on ventures and teams. */
export const ventureCommands = [beginVenture, changeVenture, setVentureState, changeTeamRole, leaveTeam] as const;
