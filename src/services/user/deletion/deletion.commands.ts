// Asks for the deletion of an account, and takes that back. The erasure itself is an effect (deletion.effects.ts).
import { privacyTimes } from '#config/privacy.ts';
import { endingOf } from '#src/platform/auth/ending-work.ts';
import { defineCommand, put, type Command, type Reader } from '#src/platform/commands/command.ts';
import { userProblems } from '../user.errors.ts';
import { deletionAsked, deletionUndone } from '../user.events.ts';
import { Users, type User } from '../user.model.ts';
import { deletionMail, eraseKind } from './deletion.effects.ts';
import { deletionProblems } from './deletion.errors.ts';
import { askInput, undoInput, type AskInput, type DeletionView } from './deletion.schema.ts';

/** An account's way out as its owner sees it. */
function present({ _id: id, status = 'active', deletion }: User): DeletionView {
  const deletedAt = deletion?.dueAt.toISOString() ?? null;
  return { id, status: deletion ? 'deleting' : status === 'suspended' ? status : 'active', deletedAt };
}

async function loadUsers(commands: readonly Command<{ readonly userId: string }>[], reader: Reader): Promise<void> {
  await reader.read(
    Users,
    commands.map(({ input }) => input.userId),
  );
}

/** Asks for the deletion of an account, fourteen days from now; asking again is nothing new. Codes: user.not-found. */
export const askDeletion = defineCommand<AskInput>({
  kind: 'user.deletion.ask',
  pool: 'direct',
  input: askInput,
  problems: [userProblems.notFound],
  key: ({ userId }) => `user.${userId}`,
  identity: ({ userId }) => ({ userId }),
  load: loadUsers,
  decide: (state, { id, input: { userId, except } }, now) => {
    const user = state.get(Users, userId);
    if (!user || user.status === 'erased') {
      return userProblems.notFound(`There is no user ${userId}`);
    }
    if (user.deletion) {
      return { result: present(user) };
    }
    const dueAt = new Date(now.getTime() + privacyTimes.undoMs);
    const changed: User = { ...user, deletion: { id, dueAt }, updatedAt: now, rev: user.rev + 1 };
    const erasure = { kind: eraseKind, input: { userId, deletion: id }, cause: `deletion.${id}`, notBefore: dueAt };
    const event = deletionAsked.draft({
      subject: `user.${userId}`,
      audience: [`user.${userId}`],
      data: { userId, dueAt: dueAt.toISOString() },
    });
    return {
      writes: [put(Users, changed)],
      events: [event],
      work: [
        erasure,
        deletionMail.draft(user.email, { at: dueAt.toISOString() }, id),
        endingOf(userId, { except, reason: 'account' }, id, now),
      ],
      result: present(changed),
    };
  },
});

/** Takes a deletion back. Codes: user.not-found, user.not-deleting, user.deletion-begun. */
export const undoDeletion = defineCommand({
  kind: 'user.deletion.undo',
  pool: 'direct',
  input: undoInput,
  problems: [userProblems.notFound, deletionProblems.notDeleting, deletionProblems.tooLate],
  key: ({ userId }) => `user.${userId}`,
  load: loadUsers,
  decide: (state, { input: { userId } }, now) => {
    const user = state.get(Users, userId);
    if (!user) {
      return userProblems.notFound(`There is no user ${userId}`);
    }
    if (user.status === 'erased') {
      return deletionProblems.tooLate();
    }
    const { deletion, ...rest } = user;
    if (!deletion) {
      return deletionProblems.notDeleting();
    }
    const changed: User = { ...rest, updatedAt: now, rev: user.rev + 1 };
    const event = deletionUndone.draft({
      subject: `user.${userId}`,
      audience: [`user.${userId}`],
      data: { userId },
    });
    return { writes: [put(Users, changed)], events: [event], result: present(changed) };
  },
});
