// Writes of linked logins.
import { defineCommand, insert, put } from '#src/platform/commands/command.ts';
import { newAccount, userProblems } from '#src/services/user/index.ts';
import { authProblems } from '../auth.errors.ts';
import { noticed } from '../factors/factors.effects.ts';
import { accepted, invitationIn, readInvitations } from '../invitations/invitations.queries.ts';
import { oidcProblems } from './oidc.errors.ts';
import { Identities, type Identity } from './oidc.model.ts';
import { inputs } from './oidc.schema.ts';

/**
 * Makes the account of somebody whose address a provider proved, with the roles of their invitation where they have one.
 * Codes: auth.email-taken, auth.invitation-refused.
 */
export const registerProved = defineCommand({
  kind: 'auth.oidc.register',
  pool: 'direct',
  recorded: false,
  input: inputs.register,
  key: ({ email }) => `user.${email}`,
  problems: [userProblems.emailTaken, authProblems.invitationRefused],
  onDuplicate: () => userProblems.emailTaken(),
  load: async (commands, reader) => {
    await readInvitations(
      reader,
      commands.flatMap(({ input }) => input.invitationId ?? []),
    );
  },
  decide: (state, command, now) => {
    const { invitationId, email, name } = command.input;
    if (invitationId === undefined) {
      return newAccount(command, { email, name, roles: ['user'], emailVerifiedAt: now }, now);
    }
    const invitation = invitationIn(state, invitationId, email, now);
    if (!invitation) {
      return authProblems.invitationRefused();
    }
    const made = newAccount(command, { email, name, roles: invitation.roles, emailVerifiedAt: now }, now);
    return { ...made, writes: [...(made.writes ?? []), accepted(invitation, now)] };
  },
});

/** Links a person of a provider to an account; linked already, nothing happens. Codes: auth.oidc-taken. */
export const linkIdentity = defineCommand({
  kind: 'auth.oidc.link',
  pool: 'direct',
  recorded: false,
  input: inputs.link,
  problems: [oidcProblems.taken],
  key: ({ id }) => `oidc.${id}`,
  load: async (commands, reader) => {
    await reader.read(
      Identities,
      commands.map(({ input }) => input.id),
    );
  },
  decide: (state, command, now) => {
    const { act, id, provider } = command.input;
    const before = state.get(Identities, id);
    if (before && !before.removedAt) {
      return before.userId === act.userId ? { result: {} } : oidcProblems.taken();
    }
    const rev = (before?.rev ?? -1) + 1;
    const linked: Identity = { _id: id, userId: act.userId, provider, linkedAt: now, rev };
    const { writes, ...told } = noticed('oidc.linked', act, command, now);
    return { writes: [before ? put(Identities, linked) : insert(Identities, linked), ...writes], ...told, result: {} };
  },
});

/** Takes the links of an account to one provider away. Codes: auth.oidc-link-not-found. */
export const unlinkIdentities = defineCommand({
  kind: 'auth.oidc.unlink',
  pool: 'direct',
  recorded: false,
  input: inputs.unlink,
  problems: [oidcProblems.notFound],
  key: ({ act }) => `oidc.${act.userId}`,
  load: async (commands, reader) => {
    await reader.read(
      Identities,
      commands.flatMap(({ input }) => input.ids),
    );
  },
  decide: (state, command, now) => {
    const { act, ids } = command.input;
    const linked = ids
      .map((id) => state.get(Identities, id))
      .filter((each) => each !== null && each.userId === act.userId && !each.removedAt) as Identity[];
    if (linked.length === 0) {
      return oidcProblems.notFound();
    }
    const { writes, ...told } = noticed('oidc.unlinked', act, command, now);
    const gone = linked.map((each) => put(Identities, { ...each, removedAt: now, rev: each.rev + 1 }));
    return { writes: [...gone, ...writes], ...told, result: {} };
  },
});

/** Every command of this area. */
export const oidcCommands = [registerProved, linkIdentity, unlinkIdentities] as const;
