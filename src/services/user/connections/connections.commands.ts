// What people do to connections. Each writes the document of one pair, guarded by its revision, so that two who act at
// the same moment act one after the other.
import {
  defineCommand,
  put,
  type Command,
  type Decision,
  type Reader,
  type State,
} from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import { userProblems } from '../user.errors.ts';
import { isShown } from '../showing/showing.policy.ts';
import { Users } from '../user.model.ts';
import { connectionProblems } from './connections.errors.ts';
import {
  connectionAccepted,
  connectionBlocked,
  connectionDeclined,
  connectionRemoved,
  connectionRequested,
  connectionUnblocked,
  connectionWithdrawn,
} from './connections.events.ts';
import { Connections, newPair, otherOf, pairOf, type Connection } from './connections.model.ts';
import { presentConnection } from './connections.presenter.ts';
import { actInput, askInput, blockInput, type AskInput } from './connections.schema.ts';
import { moved, type ConnectionAct } from './connections.workflow.ts';

const ends = {
  accept: { act: 'ACCEPT', event: connectionAccepted },
  decline: { act: 'DECLINE', event: connectionDeclined },
  withdraw: { act: 'WITHDRAW', event: connectionWithdrawn },
  remove: { act: 'REMOVE', event: connectionRemoved },
} as const;

async function loadPairs(commands: readonly Command<{ userId: string }>[], reader: Reader): Promise<void> {
  await Promise.all([
    reader.read(
      Users,
      commands.map(({ input }) => input.userId),
    ),
    reader.read(
      Connections,
      commands.map(({ actor, input }) => pairOf(actor, input.userId)),
    ),
  ]);
}

/** The pair of who acts and somebody else, or the no: oneself, nobody, and whoever has blocked the one who acts. */
function pairFor(state: State, { actor, input }: Command<{ userId: string }>, now: Date): Connection | AppError {
  const other = input.userId;
  if (actor === other) {
    return connectionProblems.yourself();
  }
  const pair = state.get(Connections, pairOf(actor, other)) ?? newPair(actor, other, now);
  return state.get(Users, other) === null || pair.blockedBy.includes(other)
    ? userProblems.notFound(`There is no user ${other}`)
    : pair;
}

/** The name of somebody whom others may find. */
function nameIn(state: State, userId: string): string | null {
  const user = state.get(Users, userId);
  return user && isShown(user) ? user.name : null;
}

function decided(
  state: State,
  after: Connection,
  by: string,
  event: typeof connectionRequested,
  silent = false,
): Decision {
  const other = otherOf(after, by);
  return {
    writes: [put(Connections, after)],
    events: [
      event.draft({
        subject: `user.${by}`,
        audience: silent ? [`user.${by}`] : [`user.${by}`, `user.${other}`],
        data: { connectionId: after._id, by, other },
      }),
    ],
    result: silent ? {} : presentConnection(after, by, nameIn(state, other)),
  };
}

const notNow = (pair: Connection): AppError =>
  connectionProblems.notNow(`The connection ${pair._id} is ${pair.state}`, { extensions: { state: pair.state } });

/**
 * Asks somebody to connect; where they have asked already, both are connected. Codes: user.not-found (also for who has
 * blocked the asker), user.not-with-yourself, user.connection-not-now.
 */
export const askToConnect = defineCommand<AskInput>({
  kind: 'user.connection.ask',
  pool: 'direct',
  input: askInput,
  problems: [userProblems.notFound, connectionProblems.yourself, connectionProblems.notNow],
  key: ({ userId }) => `user.${userId}`,
  load: loadPairs,
  decide: (state, command, now) => {
    const pair = pairFor(state, command, now);
    if (!('members' in pair)) {
      return pair;
    }
    const asked = state.get(Users, command.input.userId);
    if (!asked || !isShown(asked)) {
      return userProblems.notFound(`There is no user ${command.input.userId}`);
    }
    const after = moved(pair, 'ASK', command.actor, now);
    if (!after) {
      return notNow(pair);
    }
    return after.state === 'connected'
      ? { ...decided(state, after, command.actor, connectionAccepted), status: 200 }
      : decided(state, { ...after, note: command.input.note ?? null }, command.actor, connectionRequested);
  },
});

/**
 * Accepts, declines, withdraws or removes a connection. Codes: user.connection-not-found (also for whom it is not with,
 * or who was blocked), user.connection-not-now.
 */
export const actOnConnection = defineCommand({
  kind: 'user.connection.act',
  pool: 'direct',
  input: actInput,
  problems: [connectionProblems.notFound, connectionProblems.notNow],
  key: ({ connectionId }) => `connection.${connectionId}`,
  load: async (commands, reader) => {
    const pairs = await reader.read(
      Connections,
      commands.map(({ input }) => input.connectionId),
    );
    await reader.read(
      Users,
      pairs.flatMap((pair) => pair?.members ?? []),
    );
  },
  decide: (state, { actor, input }, now) => {
    const pair = state.get(Connections, input.connectionId);
    // A pair with a block in it is no connection, to either of the two.
    if (!pair?.members.includes(actor) || pair.state === 'none' || pair.blockedBy.length > 0) {
      return connectionProblems.notFound(`There is no connection ${input.connectionId}`);
    }
    const { act, event } = ends[input.act];
    const after = moved(pair, act, actor, now);
    return after ? decided(state, after, actor, event) : notNow(pair);
  },
});

function decideBlock(act: ConnectionAct, event: typeof connectionBlocked) {
  return (state: State, command: Command<{ userId: string }>, now: Date): Decision | AppError => {
    const pair = pairFor(state, command, now);
    if (!('members' in pair)) {
      return pair;
    }
    const after = moved(pair, act, command.actor, now);
    return after ? decided(state, after, command.actor, event, true) : { result: {} };
  };
}

/**
 * Blocks somebody: ends what stands between the two and hides each from the other. Again is nothing new.
 * Codes: user.not-found (also for who has blocked the one who acts), user.not-with-yourself.
 */
export const block = defineCommand({
  kind: 'user.block.place',
  pool: 'direct',
  input: blockInput,
  problems: [userProblems.notFound, connectionProblems.yourself],
  key: ({ userId }) => `user.${userId}`,
  load: loadPairs,
  decide: decideBlock('BLOCK', connectionBlocked),
});

/** Lifts a block; what it ended stays ended. Where there is none, nothing happens. Codes as `block`. */
export const unblock = defineCommand({
  kind: 'user.block.lift',
  pool: 'direct',
  input: blockInput,
  problems: [userProblems.notFound, connectionProblems.yourself],
  key: ({ userId }) => `user.${userId}`,
  load: loadPairs,
  decide: decideBlock('UNBLOCK', connectionUnblocked),
});

/** Every command of connections. */
export const connectionCommands = [askToConnect, actOnConnection, block, unblock] as const;
