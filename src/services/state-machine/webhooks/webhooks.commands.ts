// Writes of endpoints. Each is an act of an admin: the audit has it in the same transaction. No secret is in a command,
// only what it was sealed to.
import type { z } from 'zod';
import { retention } from '#config/retention.ts';
import { actDone } from '#src/platform/audit/audit.ts';
import {
  defineCommand,
  put,
  type Command,
  type Decision,
  type Reader,
  type State,
} from '#src/platform/commands/command.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import { Heads } from '../automation/automation.model.ts';
import { webhookProblems } from './webhooks.errors.ts';
import { deliverKind, WebhookEndpoints, WebhooksGone, type WebhookEndpoint } from './webhooks.model.ts';
import { bothSecretsMs, goneAt, maxEndpoints } from './webhooks.policy.ts';
import { presentEndpoint } from './webhooks.presenter.ts';
import { inputs, type DeliverInput } from './webhooks.schema.ts';

const headId = 'webhooks';

type Input<Name extends keyof typeof inputs> = z.output<(typeof inputs)[Name]>;

interface Named {
  readonly name: string;
}

const key = ({ name }: Named): string => `webhook.${name}`;

const load = async (commands: readonly Command<Named>[], reader: Reader): Promise<void> => {
  const names = commands.map(({ input }) => input.name);
  await Promise.all([
    reader.read(WebhookEndpoints, names),
    reader.read(WebhooksGone, names),
    reader.read(Heads, [headId]),
  ]);
};

function existing(state: State, name: string): WebhookEndpoint | null {
  const endpoint = state.get(WebhookEndpoints, name);
  return endpoint && endpoint.removedAt === null ? endpoint : null;
}

const unknown = (name: string): AppError => webhookProblems.notFound(`There is no endpoint ${name}`);

/** What a change writes beside the endpoint: the head that counts them, and the audit's line. */
function changed(
  state: State,
  command: Command<Named>,
  verb: 'make' | 'change' | 'renew' | 'remove',
  endpoint: WebhookEndpoint,
): Pick<Decision, 'writes' | 'events' | 'result'> {
  const head = state.get(Heads, headId) ?? { _id: headId, count: 0, stamp: '', rev: 0 };
  const more = { make: 1, change: 0, renew: 0, remove: -1 }[verb];
  const { name } = command.input;
  return {
    writes: [
      put(WebhookEndpoints, endpoint),
      ...(more === 0 ? [] : [put(Heads, { ...head, count: head.count + more, stamp: command.id, rev: head.rev + 1 })]),
    ],
    events: [actDone(command.id, { action: `webhook.${verb}`, target: { endpoint: name, url: endpoint.url } })],
    result: presentEndpoint(endpoint, state.get(WebhooksGone, name)),
  };
}

/** Makes an endpoint. Codes: state-machine.webhook-exists, state-machine.too-many-webhooks. */
export const makeEndpoint = defineCommand<Input<'make'>>({
  kind: 'state-machine.webhook.make',
  pool: 'direct',
  input: inputs.make,
  identity: ({ sealedSecret: _sealed, ...input }) => input,
  problems: [webhookProblems.exists, webhookProblems.tooMany],
  key,
  load,
  decide: (state, command, now) => {
    const { name, url, enabled, sealedSecret } = command.input;
    if (existing(state, name)) {
      return webhookProblems.exists(`There is an endpoint ${name}`);
    }
    if ((state.get(Heads, headId)?.count ?? 0) >= maxEndpoints) {
      return webhookProblems.tooMany(`There are ${maxEndpoints} endpoints`);
    }
    const removed = state.get(WebhookEndpoints, name);
    return changed(state, command, 'make', {
      _id: name,
      url,
      enabled,
      sealedSecret,
      secretVersion: (removed?.secretVersion ?? 0) + 1,
      savedBy: command.actor,
      createdAt: now,
      updatedAt: now,
      removedAt: null,
      rev: (removed?.rev ?? 0) + 1,
    });
  },
});

/** Gives an endpoint another address, or switches it. Codes: state-machine.webhook-not-found, request.precondition-failed. */
export const changeEndpoint = defineCommand<Input<'change'>>({
  kind: 'state-machine.webhook.change',
  pool: 'direct',
  input: inputs.change,
  problems: [webhookProblems.notFound, problems.preconditionFailed],
  key,
  load,
  decide: (state, command, now) => {
    const { name, url, enabled, rev } = command.input;
    const before = existing(state, name);
    if (!before) {
      return unknown(name);
    }
    if (before.rev !== rev) {
      return problems.preconditionFailed('It is at another revision by now: read it again');
    }
    const by = { savedBy: command.actor, updatedAt: now };
    return changed(state, command, 'change', { ...before, ...by, url, enabled, rev: before.rev + 1 });
  },
});

/** Gives an endpoint another secret; for a day messages are signed with the one of before, too. Codes: state-machine.webhook-not-found. */
export const renewSecret = defineCommand<Input<'renew'>>({
  kind: 'state-machine.webhook.renew',
  pool: 'direct',
  input: inputs.renew,
  identity: ({ name }) => ({ name }),
  problems: [webhookProblems.notFound],
  key,
  load,
  decide: (state, command, now) => {
    const { name, sealedSecret } = command.input;
    const before = existing(state, name);
    if (!before) {
      return unknown(name);
    }
    const by = { savedBy: command.actor, updatedAt: now };
    const secretVersion = before.secretVersion + 1;
    const old = { oldSecret: before.sealedSecret, oldUntil: new Date(now.getTime() + bothSecretsMs) };
    return changed(state, command, 'renew', {
      ...before,
      ...by,
      ...old,
      sealedSecret,
      secretVersion,
      rev: before.rev + 1,
    });
  },
});

/** Removes an endpoint; messages that are on their way to it give up. Codes: state-machine.webhook-not-found. */
export const removeEndpoint = defineCommand<Input<'remove'>>({
  kind: 'state-machine.webhook.remove',
  pool: 'direct',
  input: inputs.remove,
  problems: [webhookProblems.notFound],
  key,
  load,
  decide: (state, command, now) => {
    const { name } = command.input;
    const before = existing(state, name);
    if (!before) {
      return unknown(name);
    }
    const expireAt = new Date(now.getTime() + retention.automationRemovedMs);
    const secrets = { sealedSecret: '', oldSecret: '', oldUntil: now };
    const gone = { ...secrets, removedAt: now, expireAt, updatedAt: now, rev: before.rev + 1 };
    return changed(state, command, 'remove', { ...before, ...gone });
  },
});

/** Sends an endpoint the message `webhook.test`. Codes: state-machine.webhook-not-found, state-machine.webhook-off. */
export const testEndpoint = defineCommand<Input<'test'>>({
  kind: 'state-machine.webhook.test',
  pool: 'direct',
  input: inputs.test,
  problems: [webhookProblems.notFound, webhookProblems.off],
  key,
  load,
  decide: (state, command) => {
    const { name } = command.input;
    const endpoint = existing(state, name);
    if (!endpoint) {
      return unknown(name);
    }
    if (!endpoint.enabled || goneAt(endpoint, state.get(WebhooksGone, name))) {
      return webhookProblems.off(`The endpoint ${name} takes no messages`);
    }
    const delivery = `${command.id}.test`;
    const input: DeliverInput = { endpoint: name, type: 'webhook.test', data: { endpoint: name } };
    return { work: [{ id: delivery, kind: deliverKind, input, cause: `w.${delivery}` }], result: { delivery } };
  },
});

/** Every command of this area. */
export const webhookCommands = [makeEndpoint, changeEndpoint, renewSecret, removeEndpoint, testEndpoint] as const;
