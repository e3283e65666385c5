// Erases people: all that is kept about them, part by part, when their time to take it back is over. And the mail that
// tells them before.
import { z } from 'zod';
import { privacyTimes } from '#config/privacy.ts';
import { endSessionsOf } from '#src/platform/auth/session-endings.ts';
import { defineEffect } from '#src/platform/effects/effect.ts';
import { defineMail } from '#src/platform/mail/template.ts';
import { personalData } from '#src/platform/personal/personal.ts';
import { userErased } from '../user.events.ts';
import { Users } from '../user.model.ts';
import { eraseInput, type EraseInput } from './deletion.schema.ts';

/** The kind of the effect that erases somebody. */
export const eraseKind = 'user.deletion.erase';

/** To whoever is about to be deleted. */
export const deletionMail = defineMail({
  name: 'user.deletion-asked',
  data: z.strictObject({ at: z.iso.datetime() }),
  render: ({ at }) => ({
    subject: 'Your account will be deleted',
    text: [
      `Your account will be deleted on ${at.slice(0, 10)}, with all you wrote about yourself.`,
      '',
      'Until then you can log in and take that back. If it was not you who asked, do so now and change your password.',
      '',
    ].join('\n'),
  }),
});

/** What is read where somebody's name was. */
export const erasedName = 'Former member';

interface Erased {
  readonly erased: boolean;
}

/**
 * The erasure of one person. Each part is idempotent and the account itself goes last, so that an erasure that was cut
 * off is simply done again. False where it was taken back in time.
 */
export const eraseAccount = defineEffect<EraseInput, Erased>({
  kind: eraseKind,
  pool: 'effects',
  input: eraseInput,
  timeoutMs: privacyTimes.exportMs,
  perform: async ({ userId, deletion }, { signal }) => {
    // From here on it cannot be taken back, and nobody logs in.
    const begun = await Users.native().findOneAndUpdate(
      { _id: userId, 'deletion.id': deletion },
      { $set: { status: 'erased' }, $inc: { rev: 1 } },
    );
    if (!begun) {
      return { erased: false };
    }
    await endSessionsOf(userId, { reason: 'account' });
    for (const part of personalData.values()) {
      signal.throwIfAborted();
      await part.erase?.(userId);
    }
    await Users.native().replaceOne(
      { _id: userId, 'deletion.id': deletion },
      {
        email: `erased.${userId}@invalid`,
        name: erasedName,
        nameKey: erasedName.toLowerCase(),
        roles: [],
        status: 'erased',
        ...(begun.deletion ? { deletion: begun.deletion } : {}),
        createdAt: begun.createdAt,
        updatedAt: new Date(),
        rev: begun.rev + 1,
      },
    );
    return { erased: true };
  },
  settle: (ended, { input: { userId } }) =>
    ended.state === 'done' && ended.result.erased
      ? { events: [userErased.draft({ subject: `user.${userId}`, audience: [], data: { userId } })] }
      : {},
});
