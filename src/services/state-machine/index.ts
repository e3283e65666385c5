// The front door of the state-machine service.
import type { EffectDefinition } from '#src/platform/effects/effect.ts';
import { machineNotes } from '#src/platform/machines/log-lines.ts';
import { endChild, stopChild } from './children/children.commands.ts';
import { cancelInstance, undoEffect } from './effects/effects.commands.ts';
import { routes as effectRoutes } from './effects/effects.routes.ts';
import type { Service } from '#src/platform/registry.ts';
import { routes as batchRoutes } from './batch/batch.routes.ts';
import { definitionCommands } from './definitions/definitions.commands.ts';
import { routes as definitionRoutes } from './definitions/definitions.routes.ts';
import { ruleCommands } from './automation/automation.commands.ts';
import { ruleRoutes } from './automation/automation.routes.ts';
import { ruleReactor } from './automation/automation.workflow.ts';
import { forkInstance } from './forks/forks.commands.ts';
import { routes as forkRoutes } from './forks/forks.routes.ts';
import { routes as historyRoutes } from './history/history.routes.ts';
import { migrationCommands } from './migrations/migrations.commands.ts';
import { routes as migrationRoutes } from './migrations/migrations.routes.ts';
import { routes as pictureRoutes } from './pictures/pictures.routes.ts';
import { routes as taskRoutes } from './tasks/tasks.routes.ts';
import { routes as waitingRoutes } from './waiting/waiting.routes.ts';
import { createInstance, sendEvent } from './state-machine.commands.ts';
import { routes } from './state-machine.routes.ts';
import { subscriptions } from './state-machine.subscriptions.ts';
import { fireTimer } from './timers/timers.commands.ts';
import { routes as trialRoutes } from './trials/trials.routes.ts';
import { webhookCommands } from './webhooks/webhooks.commands.ts';
import { deliverWebhook, webhookEffect } from './webhooks/webhooks.effects.ts';
import { webhookRoutes } from './webhooks/webhooks.routes.ts';

/** Machines: created, moved by events and timers, read, with a history that shows tampering. */
export const stateMachineService: Service = {
  name: 'state-machine',
  routes: [
    ...routes,
    ...batchRoutes,
    ...forkRoutes,
    ...historyRoutes,
    ...definitionRoutes,
    ...trialRoutes,
    ...migrationRoutes,
    ...effectRoutes,
    ...pictureRoutes,
    ...ruleRoutes,
    ...taskRoutes,
    ...waitingRoutes,
    ...webhookRoutes,
  ],
  commands: [
    createInstance,
    sendEvent,
    fireTimer,
    forkInstance,
    ...definitionCommands,
    ...migrationCommands,
    endChild,
    stopChild,
    cancelInstance,
    undoEffect,
    ...ruleCommands,
    ...webhookCommands,
  ],
  effects: [deliverWebhook as unknown as EffectDefinition],
  machineEffects: [webhookEffect],
  subscriptions,
  reactors: [ruleReactor],
  projections: [machineNotes],
};

export { mayReadInstance } from './state-machine.queries.ts';
