// Writes of invitations. They are used up where an account is made: registration.commands.ts.
import { linkTimes } from '#config/auth.ts';
import { defineCommand, insert, put } from '#src/platform/commands/command.ts';
import { readUsersByEmail, userByEmail, userProblems } from '#src/services/user/index.ts';
import { authProblems } from '../auth.errors.ts';
import { invitationMail } from './invitations.effects.ts';
import { Invitations, type Invitation } from './invitations.model.ts';
import { stateOf } from './invitations.policy.ts';
import { presentInvitation } from './invitations.presenter.ts';
import { invitationInput, invitationParams } from './invitations.schema.ts';

/** Invites an address and mails it. Codes: auth.email-taken. */
export const makeInvitation = defineCommand({
  kind: 'auth.invitation.make',
  pool: 'direct',
  // No Idempotency-Key under /api/auth: a second call is a second invitation.
  recorded: false,
  input: invitationInput,
  key: ({ email }) => `invitation.${email}`,
  problems: [userProblems.emailTaken],
  load: async (commands, reader) => {
    await readUsersByEmail(
      reader,
      commands.map(({ input }) => input.email),
    );
  },
  decide: (state, { id, input }, now) => {
    if (userByEmail(state, input.email)) {
      return userProblems.emailTaken();
    }
    const expiresAt = new Date(now.getTime() + linkTimes.invitationMs);
    const invitation: Invitation = { _id: id, ...input, createdAt: now, expiresAt, rev: 0 };
    return {
      writes: [insert(Invitations, invitation)],
      work: [invitationMail.draft(input.email, { invitationId: id }, id)],
      result: presentInvitation(invitation, now),
    };
  },
});

/** Takes an open invitation back. Codes: auth.invitation-unknown. */
export const revokeInvitation = defineCommand({
  kind: 'auth.invitation.revoke',
  pool: 'direct',
  recorded: false,
  input: invitationParams,
  key: ({ id }) => `invitation.${id}`,
  problems: [authProblems.invitationUnknown],
  load: async (commands, reader) => {
    await reader.read(
      Invitations,
      commands.map(({ input }) => input.id),
    );
  },
  decide: (state, { input: { id } }, now) => {
    const invitation = state.get(Invitations, id);
    if (!invitation || stateOf(invitation, now) !== 'open') {
      return authProblems.invitationUnknown(`There is no open invitation ${id}`);
    }
    return { writes: [put(Invitations, { ...invitation, revokedAt: now, rev: invitation.rev + 1 })], result: {} };
  },
});

/** Every command of invitations. */
export const invitationCommands = [makeInvitation, revokeInvitation] as const;
