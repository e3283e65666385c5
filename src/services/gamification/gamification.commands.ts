// The one writer of XP: ledger row, totals, level and badges of a grant, decided together.
import { defineCommand, insert, put, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import type { EventDraft, Write } from '#src/platform/commands/command.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import { defineImport } from '#src/platform/imports/definition.ts';
import { readUsers, readUsersByEmail, userByEmail, userIn } from '#src/services/user/index.ts';
import { correctionForbidden, sourceDiffers, userUnknown } from './gamification.errors.ts';
import { badgeAwarded, levelReached, xpAdded } from './gamification.events.ts';
import { BadgeAwards, XpGrants, XpTotals, type XpAnswer, type XpTotal } from './gamification.model.ts';
import { badgesEarned, levelAt, levelNumbered, levelsCrossed } from './gamification.policy.ts';
import { grantXp, importXp, xpLine, type GrantXp, type ImportXp, type XpLine } from './gamification.schema.ts';

/**
 * Grants XP. The answer carries the totals after it, the level and the badges it brought. A level once reached stays.
 * Refusals: gamification.user-unknown, gamification.correction-forbidden, idempotency.body-differs.
 */
export const addXpCommand = defineCommand<GrantXp>({
  kind: 'gamification.xp.add',
  pool: 'gamification',
  input: grantXp,
  problems: [userUnknown, correctionForbidden],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => {
    const ids = commands.map((command) => command.input.userId);
    const [totals] = await Promise.all([
      reader.read(XpTotals, ids),
      reader.read(
        XpGrants,
        commands.filter(mayBeRepeat).map((command) => command.origin),
      ),
    ]);
    // Whoever has totals is known; only newcomers are looked up.
    await readUsers(
      reader,
      ids.filter((_, index) => totals[index] === null),
    );
  },
  decide: (state, command, now) => {
    const earlier = mayBeRepeat(command) ? state.get(XpGrants, command.origin) : null;
    if (earlier) {
      return earlier.requestHash === command.requestHash
        ? { result: earlier.answer, replayed: true }
        : problems.keyReused();
    }
    const before = state.get(XpTotals, command.input.userId) ?? newcomer(state, command.input.userId);
    if (!before) {
      return userUnknown(`There is no user ${command.input.userId}`);
    }
    if (command.input.amount < 0 && !command.input.mayCorrect) {
      return correctionForbidden();
    }
    return grant(before, command, now);
  },
});

const ledgerId = ({ source, id }: ImportXp): string => `x.${source}.${id}`;

/**
 * Grants the XP of an imported line, once for each source and id, whichever file it stands in.
 * Refusals: gamification.user-unknown, gamification.source-differs.
 */
export const importXpCommand = defineCommand<ImportXp>({
  kind: 'gamification.xp.import',
  pool: 'gamification',
  input: importXp,
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => {
    const ids = commands.map((command) => command.input.userId);
    await Promise.all([
      reader.read(XpTotals, ids),
      reader.read(
        XpGrants,
        commands.map(({ input }) => ledgerId(input)),
      ),
      readUsers(reader, ids),
    ]);
  },
  decide: (state, command, now) => {
    const { userId, amount, reason, occurredAt } = command.input;
    const origin = ledgerId(command.input);
    const requestHash = sha256(canonicalJson({ userId, amount, reason, occurredAt }));
    const earlier = state.get(XpGrants, origin);
    if (earlier) {
      return earlier.requestHash === requestHash ? { result: earlier.answer, replayed: true } : sourceDiffers();
    }
    const before = state.get(XpTotals, userId) ?? newcomer(state, userId);
    if (!before) {
      return userUnknown(`There is no user ${userId}`);
    }
    const input = { userId, amount, reason, occurredAt, mayCorrect: false };
    return grant(before, { ...command, input, origin, requestHash }, now);
  },
});

/** The import `xp`. */
export const xpImport = defineImport<XpLine>({
  name: 'xp',
  permission: 'xp.grant',
  line: xpLine,
  load: async (lines, reader) =>
    await readUsersByEmail(
      reader,
      lines.map(({ email }) => email),
    ),
  toCommand: ({ email, ...line }, state) => {
    const user = userByEmail(state, email);
    return user
      ? { kind: importXpCommand.kind, input: { ...line, userId: user.id } }
      : userUnknown('Nobody has this e-mail address');
  },
});

/** Commands without a key of their own have a fresh origin: the ledger cannot know it. */
function mayBeRepeat(command: Command): boolean {
  return !command.origin.startsWith('w.');
}

function newcomer(state: State, userId: string): XpTotal | null {
  return userIn(state, userId) ? { _id: userId, xp: 0, grants: 0, level: 1, achievedAt: 0, badges: [], rev: 0 } : null;
}

function grant(before: XpTotal, command: Command<GrantXp>, now: Date): Decision | AppError {
  const { userId, amount, reason } = command.input;
  const occurredAt = command.input.occurredAt === undefined ? command.acceptedAt : new Date(command.input.occurredAt);
  const xp = before.xp + amount;
  const grants = before.grants + 1;
  const level = Math.max(before.level, levelAt(xp).number);
  const awarded = badgesEarned({ xp, level, grants }, new Set(before.badges.map(({ code }) => code)));
  const { name, number } = levelNumbered(level);
  const answer: XpAnswer = {
    userId,
    xp,
    level: { name, number },
    awarded: awarded.map((badge) => ({ code: badge.code, name: badge.name })),
  };
  const writes: Write[] = [
    insert(XpGrants, {
      _id: command.origin,
      userId,
      amount,
      reason,
      actor: command.actor,
      occurredAt,
      recordedAt: now,
      requestId: command.requestId,
      requestHash: command.requestHash,
      answer,
    }),
    put(XpTotals, {
      _id: userId,
      xp,
      grants,
      level,
      achievedAt: Math.max(before.achievedAt, occurredAt.getTime()),
      badges: [...before.badges, ...awarded.map(({ code }) => ({ code, awardedAt: now }))],
      rev: before.rev + 1,
    }),
    ...awarded.map(({ code }) =>
      insert(BadgeAwards, { _id: `${code}.${userId}`, userId, badge: code, awardedAt: now, evidence: command.origin }),
    ),
  ];
  return { writes, events: eventsOf(before, command.input, occurredAt, { ...answer, grants }), result: answer };
}

function eventsOf(
  before: XpTotal,
  input: GrantXp,
  occurredAt: Date,
  after: XpAnswer & { grants: number },
): EventDraft[] {
  const { userId } = input;
  const place = { subject: `user.${userId}`, audience: [`user.${userId}`] };
  const added = xpAdded.draft({
    ...place,
    data: {
      userId,
      amount: input.amount,
      reason: input.reason,
      occurredAt: occurredAt.toISOString(),
      xp: after.xp,
      grants: after.grants,
      level: after.level,
    },
  });
  const reached = levelsCrossed(before.level, after.level.number).map(({ name, number }) =>
    levelReached.draft({ ...place, data: { userId, xp: after.xp, level: { name, number } } }),
  );
  const badges = after.awarded.map(({ code, name }) =>
    badgeAwarded.draft({ ...place, data: { userId, xp: after.xp, badge: { code, name } } }),
  );
  return [added, ...reached, ...badges];
}
