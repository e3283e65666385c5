// What happens by itself when something happened: rules, and webhooks that tell other systems.
import type { EffectDefinition } from '#src/platform/effects/effect.ts';
import { webhookCommands } from '../webhooks/webhooks.commands.ts';
import { deliverWebhook, webhookEffect } from '../webhooks/webhooks.effects.ts';
import { webhookRoutes } from '../webhooks/webhooks.routes.ts';
import { ruleCommands } from './automation.commands.ts';
import { ruleRoutes } from './automation.routes.ts';
import { ruleReactor } from './automation.workflow.ts';

/** What the service mounts of it. */
export const automationArea = {
  routes: [...ruleRoutes, ...webhookRoutes],
  commands: [...ruleCommands, ...webhookCommands],
  effects: [deliverWebhook as unknown as EffectDefinition],
  machineEffects: [webhookEffect],
  reactors: [ruleReactor],
};
