// The front door of the state-machine service.
import { machineNotes } from '#src/platform/machines/log-lines.ts';
import type { Service } from '#src/platform/registry.ts';
import { automationArea } from './automation/index.ts';
import { routes as batchRoutes } from './batch/batch.routes.ts';
import { createInstance } from './creation/creation.commands.ts';
import { definitionsArea } from './definitions/index.ts';
import { tryDeferred } from './early/early.commands.ts';
import { effectsArea } from './effects/index.ts';
import { forkInstance } from './forks/forks.commands.ts';
import { routes as forkRoutes } from './forks/forks.routes.ts';
import { routes as historyRoutes } from './history/history.routes.ts';
import { routes as pictureRoutes } from './pictures/pictures.routes.ts';
import { sendEvent } from './state-machine.commands.ts';
import { routes as instanceRoutes } from './state-machine.routes.ts';
import { subscriptions } from './state-machine.subscriptions.ts';
import { routes as taskRoutes } from './tasks/tasks.routes.ts';
import { fireTimer } from './timers/timers.commands.ts';
import { routes as waitingRoutes } from './waiting/waiting.routes.ts';

const areas = [
  { routes: instanceRoutes, commands: [createInstance, sendEvent, fireTimer, tryDeferred] },
  { routes: batchRoutes, commands: [] },
  { routes: forkRoutes, commands: [forkInstance] },
  { routes: historyRoutes, commands: [] },
  definitionsArea,
  effectsArea,
  { routes: pictureRoutes, commands: [] },
  { routes: taskRoutes, commands: [] },
  { routes: waitingRoutes, commands: [] },
  automationArea,
];

/** Machines: created, moved by events and timers, read, with a history that shows tampering. */
export const stateMachineService: Service = {
  name: 'state-machine',
  routes: areas.flatMap(({ routes }) => [...routes]),
  commands: areas.flatMap(({ commands }) => [...commands]),
  effects: automationArea.effects,
  machineEffects: automationArea.machineEffects,
  subscriptions,
  reactors: automationArea.reactors,
  projections: [machineNotes],
};

export { mayReadInstance } from './state-machine.queries.ts';
