// What machines begin outside themselves: effects, undone where they must be, and children.
import { endChild, stopChild } from '../children/children.commands.ts';
import { cancelInstance, undoEffect } from './effects.commands.ts';
import { routes } from './effects.routes.ts';

/** What the service mounts of it. */
export const effectsArea = { routes, commands: [cancelInstance, undoEffect, endChild, stopChild] };
