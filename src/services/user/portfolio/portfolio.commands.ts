// The writers of portfolios: each of its owner's, on one document that its revision guards.
import { defineCommand, put, type Decision, type State } from '#src/platform/commands/command.ts';
import type { Command, EventDraft, Reader, Write } from '#src/platform/commands/command.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import type { EventDefinition } from '#src/platform/events/event.ts';
import { movedTo } from '../skills/skills.policy.ts';
import { userProblems } from '../user.errors.ts';
import { Users } from '../user.model.ts';
import { portfolioProblems } from './portfolio.errors.ts';
import { itemAdded, itemChanged, itemRemoved } from './portfolio.events.ts';
import { Portfolios, type Item, type Portfolio } from './portfolio.model.ts';
import { faultOf, fits } from './portfolio.policy.ts';
import { presentItem } from './portfolio.presenter.ts';
import { addItemInput, changeItemInput, removeItemInput } from './portfolio.schema.ts';

/** The portfolio of somebody whose row was read; whoever has none has an empty one. */
export function portfolioIn(state: State, userId: string): Portfolio {
  return state.get(Portfolios, userId) ?? { _id: userId, items: [], updatedAt: new Date(0), rev: -1 };
}

/** The write that gives somebody these items. */
export function portfolioWrite(before: Portfolio, items: readonly Item[], now: Date): Write {
  return put(Portfolios, { ...before, items, updatedAt: now, rev: before.rev + 1 });
}

const load = async (commands: readonly Command<{ readonly userId: string }>[], reader: Reader): Promise<void> => {
  const ids = commands.map(({ input }) => input.userId);
  await Promise.all([reader.read(Users, ids), reader.read(Portfolios, ids)]);
};

function told(
  event: EventDefinition<{ userId: string; itemId: string; kind: string }>,
  userId: string,
  item: Item,
): EventDraft {
  const feed = `user.${userId}`;
  return event.draft({ subject: feed, audience: [feed], data: { userId, itemId: item.id, kind: item.kind } });
}

/** An item without the members that hold nothing. */
function itemOf(members: Readonly<Record<string, unknown>>): Item {
  const said = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(said) as unknown as Item;
}

/** The decision that an item is this one now, or why it cannot be. */
function kept(
  item: Item,
  before: Portfolio,
  items: readonly Item[],
  now: Date,
  event: EventDraft,
): Decision | AppError {
  const fault = faultOf(item);
  if (fault) {
    return problems.invalid(undefined, {
      errors: [{ pointer: `/body/${fault.member}`, code: 'custom', detail: fault.detail }],
    });
  }
  if (!fits(items)) {
    return portfolioProblems.full();
  }
  return { writes: [portfolioWrite(before, items, now)], events: [event], result: presentItem(item, 'self') };
}

/** Puts an item into somebody's portfolio. Codes: user.not-found, user.portfolio-full, request.invalid. */
export const addItem = defineCommand({
  kind: 'user.portfolio.add',
  pool: 'direct',
  input: addItemInput,
  problems: [userProblems.notFound, portfolioProblems.full, problems.invalid],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, { id, input }, now) => {
    const { userId, position, ...members } = input;
    if (!state.get(Users, userId)) {
      return userProblems.notFound();
    }
    const before = portfolioIn(state, userId);
    const item = itemOf({ id, ...members });
    const items = movedTo([...before.items, item], before.items.length, position ?? before.items.length);
    return kept(item, before, items, now, told(itemAdded, userId, item));
  },
});

/** Changes an item, or its place. Codes: user.portfolio-item-not-found, user.portfolio-full, request.invalid. */
export const changeItem = defineCommand({
  kind: 'user.portfolio.change',
  pool: 'direct',
  input: changeItemInput,
  problems: [portfolioProblems.notFound, portfolioProblems.full, problems.invalid],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, { input }, now) => {
    const { position, ...members } = input.change;
    const before = portfolioIn(state, input.userId);
    const at = before.items.findIndex(({ id }) => id === input.item);
    const there = before.items[at];
    if (!there) {
      return portfolioProblems.notFound();
    }
    const item = itemOf({ ...there, ...members });
    const changed = before.items.map((each, index) => (index === at ? item : each));
    const items = movedTo(changed, at, position ?? at);
    return kept(item, before, items, now, told(itemChanged, input.userId, item));
  },
});

/** Takes an item out. Codes: user.portfolio-item-not-found. */
export const removeItem = defineCommand({
  kind: 'user.portfolio.remove',
  pool: 'direct',
  input: removeItemInput,
  problems: [portfolioProblems.notFound],
  key: (input) => `user.${input.userId}`,
  load: async (commands, reader) => await load(commands, reader),
  decide: (state, { input }, now) => {
    const before = portfolioIn(state, input.userId);
    const removed = before.items.find(({ id }) => id === input.item);
    if (!removed) {
      return portfolioProblems.notFound();
    }
    const items = before.items.filter((item) => item !== removed);
    return {
      writes: [portfolioWrite(before, items, now)],
      events: [told(itemRemoved, input.userId, removed)],
      result: {},
    };
  },
});
