// Writes of invitations: asked, answered, taken back, expired. An answer and what it does to the team are one commit.
import { ventureLimits } from '#config/ventures.ts';
import { defineCommand, insert, put, type Command, type Reader } from '#src/platform/commands/command.ts';
import type { Decision, EventDraft, State } from '#src/platform/commands/command.ts';
import { AppError } from '#src/platform/errors.ts';
import { connectionIn, isShownIn, readConnection, readUsers } from '#src/services/user/index.ts';
import { activeVentureFor, actorOf, audienceOf, loadVentures } from '../venture.commands.ts';
import { ventureProblems } from '../venture.errors.ts';
import { memberJoined, ownershipTransferred } from '../venture.events.ts';
import { Ventures, type Teammate, type Venture } from '../venture.model.ts';
import { canManage, hasRole, placeOf } from '../venture.policy.ts';
import { invitationProblems } from './invitations.errors.ts';
import { invitationEnded, invited } from './invitations.events.ts';
import { invitationId, Invitations, type Invitation } from './invitations.model.ts';
import { presentInvitation } from './invitations.presenter.ts';
import {
  answerInput,
  expireInput,
  inviteInput,
  type AnswerInput,
  type ExpireInput,
  type InviteInput,
} from './invitations.schema.ts';
import { advance, begin, expire, expireKind, expiryOf } from './invitations.workflow.ts';

interface OnInvitation {
  readonly id: string;
  readonly mayAll: boolean;
  readonly userId: string;
}

const idOf = ({ input }: Command<{ id: string; userId: string }>): string => invitationId(input.id, input.userId);

async function loadBoth(commands: readonly Command<OnInvitation>[], reader: Reader): Promise<void> {
  await Promise.all([loadVentures(commands, reader), reader.read(Invitations, commands.map(idOf))]);
}

/** Why this person cannot be invited into this role, or null. */
function refusalOf(venture: Venture, command: Command<InviteInput>): AppError | null {
  const { userId, role } = command.input;
  const place = placeOf(venture, userId);
  if (role === 'owner') {
    if (place?.role === 'owner') {
      return invitationProblems.alreadyInTeam();
    }
    const isOwner = hasRole(venture, { userId: command.actor, mayAll: command.input.mayAll }, 'owner');
    return isOwner ? (place ? null : invitationProblems.mustBeInTeam()) : ventureProblems.roleTooLow();
  }
  if (!canManage(venture, actorOf(command), role)) {
    return ventureProblems.roleTooLow();
  }
  return place ? invitationProblems.alreadyInTeam() : null;
}

/**
 * Invites somebody into a team, or offers the ownership to somebody of it. To two people with a block between them each
 * is nobody, whatever else they may. Codes: venture.not-found, .role-too-low,
 * .archived, .already-invited, .already-in-team, .must-be-in-team, .person-unknown.
 */
export const invitePerson = defineCommand<InviteInput>({
  kind: 'venture.invitation.create',
  pool: 'direct',
  input: inviteInput,
  problems: [
    ventureProblems.notFound,
    ventureProblems.roleTooLow,
    ventureProblems.archived,
    invitationProblems.alreadyInvited,
    invitationProblems.alreadyInTeam,
    invitationProblems.mustBeInTeam,
    invitationProblems.personUnknown,
  ],
  key: ({ id }) => `venture.${id}`,
  load: async (commands, reader) => {
    await Promise.all([
      loadBoth(commands, reader),
      readUsers(
        reader,
        commands.map(({ input }) => input.userId),
      ),
      ...commands.map(async ({ actor, input }) => await readConnection(reader, actor, input.userId)),
    ]);
  },
  decide: (state, command, now) => {
    const venture = activeVentureFor(state, command, 'admin');
    if (venture instanceof AppError) {
      return venture;
    }
    const { userId } = command.input;
    // Nobody learns here of a block, or of an account that is hidden: it is as if there were no such person.
    if (!isShownIn(state, userId) || connectionIn(state, command.actor, userId).blocked) {
      return invitationProblems.personUnknown();
    }
    const refusal = refusalOf(venture, command);
    if (refusal) {
      return refusal;
    }
    return ask(state, venture, command, now);
  },
});

function ask(state: State, venture: Venture, command: Command<InviteInput>, now: Date): Decision | AppError {
  const { userId, role, note } = command.input;
  const earlier = state.get(Invitations, idOf(command));
  const around = { now, actor: command.actor };
  const round = earlier ? advance(earlier, 'INVITE', command.id, around) : begin(idOf(command), command.id, around);
  if (!round) {
    return invitationProblems.alreadyInvited();
  }
  const invitation: Invitation = {
    ...round,
    ventureId: venture._id,
    userId,
    role,
    invitedBy: command.actor,
    note,
    createdAt: earlier?.createdAt ?? now,
    updatedAt: now,
    rev: earlier ? earlier.rev + 1 : 0,
  };
  const event = invited.draft({
    subject: `venture.${venture._id}`,
    audience: audienceOf(venture, userId),
    data: { ventureId: venture._id, ventureName: venture.name, userId, role, invitedBy: command.actor },
  });
  return {
    writes: [earlier ? put(Invitations, invitation) : insert(Invitations, invitation)],
    events: [event],
    work: expiryOf(invitation),
    result: presentInvitation(invitation, venture.name),
  };
}

const eventOf = { accept: 'ACCEPT', decline: 'DECLINE', withdraw: 'WITHDRAW' } as const;

/** True where the caller may know of the invitation and answer so. */
function mayAnswer(venture: Venture, invitation: Invitation, command: Command<AnswerInput>): boolean {
  return command.input.answer === 'withdraw'
    ? invitation.invitedBy === command.actor || hasRole(venture, actorOf(command), 'admin')
    : invitation.userId === command.actor;
}

/**
 * Accepts, declines or takes back an invitation; the same answer again is nothing new. Codes: venture.invitation-not-found,
 * .invitation-over, .archived, .team-full, .ownership-moved, .must-be-in-team.
 */
export const answerInvitation = defineCommand<AnswerInput>({
  kind: 'venture.invitation.answer',
  pool: 'direct',
  input: answerInput,
  problems: [
    invitationProblems.notFound,
    invitationProblems.notPending,
    invitationProblems.stillOwns,
    invitationProblems.mustBeInTeam,
    ventureProblems.archived,
    ventureProblems.teamFull,
  ],
  key: ({ id }) => `venture.${id}`,
  load: loadBoth,
  decide: (state, command, now) => {
    const invitation = state.get(Invitations, idOf(command));
    const venture = state.get(Ventures, command.input.id);
    if (!invitation || !venture || !mayAnswer(venture, invitation, command)) {
      return invitationProblems.notFound();
    }
    const round = advance(invitation, eventOf[command.input.answer], command.id, { now, actor: command.actor });
    if (round) {
      return end(venture, { ...invitation, ...round, updatedAt: now, rev: invitation.rev + 1 }, now);
    }
    const same = { accept: 'accepted', decline: 'declined', withdraw: 'withdrawn' }[command.input.answer];
    return same === invitation.state
      ? { result: presentInvitation(invitation, venture.name) }
      : invitationProblems.notPending(`It is ${invitation.state}`);
  },
});

/** The end of an invitation, with what it does to the team. */
function end(venture: Venture, invitation: Invitation, now: Date): Decision | AppError {
  const { userId, role, state } = invitation;
  const joined = state === 'accepted' ? join(venture, invitation, now) : { team: null, events: [] };
  if (joined instanceof AppError) {
    return joined;
  }
  const ended = invitationEnded.draft({
    subject: `venture.${venture._id}`,
    audience: audienceOf(venture, userId),
    data: { ventureId: venture._id, userId, role, state: state as Exclude<Invitation['state'], 'pending'> },
  });
  const { team, events } = joined;
  const changed = team && put(Ventures, { ...venture, team, updatedAt: now, rev: venture.rev + 1 });
  return {
    writes: [put(Invitations, invitation), ...(changed ? [changed] : [])],
    events: [ended, ...events],
    result: presentInvitation(invitation, venture.name),
  };
}

/** The team afterwards, or null where it stays as it is. */
interface Joined {
  readonly team: readonly Teammate[] | null;
  readonly events: readonly EventDraft[];
}

/** The team with the person in it, in the role they were offered. */
function join(venture: Venture, { userId, role, invitedBy }: Invitation, now: Date): Joined | AppError {
  if (venture.state === 'archived') {
    return ventureProblems.archived();
  }
  const facts = { subject: `venture.${venture._id}`, audience: audienceOf(venture, userId) };
  if (role === 'owner') {
    const owner = venture.team.find((each) => each.role === 'owner');
    if (!placeOf(venture, userId)) {
      return invitationProblems.mustBeInTeam();
    }
    // An offer of somebody who has handed the venture over meanwhile is worth nothing.
    if (owner?.userId !== invitedBy) {
      return invitationProblems.stillOwns();
    }
    const roleOf = (each: Teammate): Teammate['role'] =>
      each.userId === userId ? 'owner' : each.role === 'owner' ? 'admin' : each.role;
    return {
      team: venture.team.map((each) => ({ ...each, role: roleOf(each) })),
      events: [ownershipTransferred.draft({ ...facts, data: { ventureId: venture._id, from: invitedBy, to: userId } })],
    };
  }
  if (placeOf(venture, userId)) {
    return { team: null, events: [] };
  }
  return venture.team.length >= ventureLimits.team
    ? ventureProblems.teamFull()
    : {
        team: [...venture.team, { userId, role, joinedAt: now }],
        events: [memberJoined.draft({ ...facts, data: { ventureId: venture._id, userId, role } })],
      };
}

/** Lets an invitation expire, unless it was answered or is another round by now. */
export const expireInvitation = defineCommand<ExpireInput>({
  kind: expireKind,
  pool: 'operations',
  input: expireInput,
  key: ({ id }) => `venture.${id}`,
  load: async (commands, reader) => {
    await Promise.all([
      reader.read(
        Ventures,
        commands.map(({ input }) => input.id),
      ),
      reader.read(Invitations, commands.map(idOf)),
    ]);
  },
  decide: (state, command, now) => {
    const invitation = state.get(Invitations, idOf(command));
    const venture = state.get(Ventures, command.input.id);
    const round = invitation && venture ? expire(invitation, command.input.timer, { now, actor: command.actor }) : null;
    return invitation && venture && round
      ? end(venture, { ...invitation, ...round, updatedAt: now, rev: invitation.rev + 1 }, now)
      : { result: null };
  },
});

/** Every command on invitations. */
export const invitationCommands = [invitePerson, answerInvitation, expireInvitation] as const;
